"""The entitlements of 晋政发〔2017〕46号 三 and of the later national law, as a township's window names them (legal-basis 2)."""

from __future__ import annotations

from rules.vocabulary import Labelled


class EntitlementKey(Labelled):
    """One entitlement; its office, limits and amounts stand in the county's `entitlements.yaml` under the same id.

    E and N are the document's and the later law's, each with a rule that finds it. X are schemes of table 1C-L for which
    no rule can say who is entitled (the standards are local): a person recognises them.
    """

    E01 = "E01", "孤儿基本生活费（父母双亡或查找不到生父母）"
    E02 = "E02", "事实无人抚养：一方死亡、另一方失踪"
    E03 = "E03", "事实无人抚养：一方死亡、另一方残疾"
    E04 = "E04", "事实无人抚养：一方死亡、另一方因艾滋病丧失劳动能力"
    E05 = "E05", "事实无人抚养：一方死亡、另一方5年以上服刑"
    E06 = "E06", "事实无人抚养：一方死亡、另一方离家出走3年以上"
    E07 = "E07", "其他事实无人抚养（由县认定）"
    N1 = "N1", "事实无人抚养（民发〔2019〕62号）"
    N2 = "N2", "事实无人抚养：撤销监护资格、被遣送出境"
    E08 = "E08", "特困人员救助供养"
    E09 = "E09", "最低生活保障"
    E10 = "E10", "临时救助"
    E11 = "E11", "困难残疾人生活补贴"
    E12 = "E12", "重度残疾人护理补贴"
    E13 = "E13", "低保家庭儿童医保缴费补贴"
    E14 = "E14", "重度残疾儿童医保缴费补贴"
    E15 = "E15", "特困儿童医保全额资助"
    E16 = "E16", "重病重残住院费用直接结算"
    E17 = "E17", "医疗救助"
    E18 = "E18", "医疗康复项目报销"
    E19 = "E19", "教育资助"
    E20 = "E20", "两免一补"
    E21 = "E21", "残疾儿童12年免费教育"
    E22 = "E22", "随班就读"
    E23 = "E23", "特殊教育学校（班）"
    E24 = "E24", "3至5周岁残疾儿童入园"
    E25 = "E25", "福利机构特教班"
    E26 = "E26", "随迁子女义务教育"
    E27 = "E27", "随迁子女中职免学费"
    E28 = "E28", "随迁子女普惠性学前教育"
    E29 = "E29", "随迁子女升学考试"
    E30 = "E30", "控辍保学"
    E31 = "E31", "普通高中免学杂费（家庭经济困难）"
    E32 = "E32", "普通高中免学杂费（残疾）"
    E33 = "E33", "普通高中免学杂费（农村低保）"
    E34 = "E34", "普通高中免学杂费（农村特困）"
    E35 = "E35", "民办高中免学杂费"
    E36 = "E36", "孤儿等的监护安置"
    E37 = "E37", "父母无监护能力的机构收留抚养"
    E38 = "E38", "法院指定民政监护的机构收留抚养"
    E39 = "E39", "监护人教育不改的临时监护"
    E40 = "E40", "监护人被羁押的照料安排"
    E41 = "E41", "监护人服刑、戒毒的照料安排"
    E42 = "E42", "被收养儿童的监护能力评估"
    E43 = "E43", "福利机构孤儿明天计划"
    E44 = "E44", "社会散居残疾孤儿明天计划"
    E45 = "E45", "0至6岁残疾儿童康复救助"
    E46 = "E46", "0至3岁残疾儿童早期干预"
    E47 = "E47", "16周岁以下残疾儿童康复救助"
    E48 = "E48", "社会残疾儿童替代照料与训练"
    E49 = "E49", "脑瘫儿童康复训练"
    E50 = "E50", "残疾儿童康复服务优先"
    N6 = "N6", "特困人员救助供养（未满18周岁）"
    N7 = "N7", "成年在校孤儿的教育资助"
    N8 = "N8", "事实无人抚养儿童的教育资助"
    N9 = "N9", "困境未成年人基本需要"
    N10 = "N10", "送教上门或远程教育"
    N11 = "N11", "急难发生地临时救助"
    X01 = "X01", "支出型临时救助（人工认定）"
    X02 = "X02", "刚性支出困难家庭（人工认定）"
    X03 = "X03", "国家司法救助（人工认定）"

    @property
    def by_hand_only(self) -> bool:
        """Whether no rule finds it: the township recognises it."""
        return self.value.startswith("X")

    @property
    def field(self) -> str:
        """The document's own heading above it (晋政发〔2017〕46号 三(一) to (五)): all that a letter or Prefect may say.

        The full name can tell that a parent is dead, in prison or ill; it is read against a one-time code only.
        """
        if self.value.startswith(("N", "X")):
            return "困境儿童保障"
        number = int(self.value[1:])
        return next(heading for last, heading in _HEADINGS if number <= last)


_HEADINGS = ((12, "基本生活保障"), (18, "基本医疗保障"), (35, "基础教育保障"), (42, "监护责任落实"), (50, "福利服务"))
"""The last entitlement under each heading of the document's section 三."""
