"""监护干预 D: the questions of guardianship intervention."""

from rules import answers as a
from rules.steps.definition import define
from rules.vocabulary import Mechanism, Office

GUARDIANSHIP = Mechanism.GUARDIANSHIP_INTERVENTION

OPEN_INTERVENTION = define(
    GUARDIANSHIP, "D1", "open_intervention", "启动监护干预", Office.CIVIL_AFFAIRS, a.Intervention,
    "请会同公安、村(居)委会研判监护情况，确定干预原因和方式。",
)  # fmt: skip
ADMONISH = define(
    GUARDIANSHIP, "D2", "admonish", "劝诫、批评教育", Office.VILLAGE_COMMITTEE, a.Admonition,
    "请对监护人劝诫、制止、批评教育；情节严重的及时向公安机关报告。",
)  # fmt: skip
DISCIPLINE = define(
    GUARDIANSHIP, "D3", "discipline", "训诫、责令接受家庭教育指导或处罚", Office.PUBLIC_SECURITY, a.Admonition,
    "请依法对监护人予以训诫，责令接受家庭教育指导，或者给予治安处罚、立案侦查，并回复其是否改正。",
)  # fmt: skip
TEMPORARY_GUARDIANSHIP = define(
    GUARDIANSHIP, "D4", "temporary_guardianship", "民政临时监护", Office.CIVIL_AFFAIRS, a.TemporaryGuardianship,
    "请依法对儿童临时监护，按照最有利于未成年人的原则确定照料方式。",
)  # fmt: skip
TRACE_GUARDIAN = define(
    GUARDIANSHIP, "D4a", "trace_guardian", "查找监护人", Office.PUBLIC_SECURITY, a.Trace,
    "请查找儿童的父母及其他监护人，并回复查找结果。",
)  # fmt: skip
ASSESS_GUARDIAN = define(
    GUARDIANSHIP, "D5", "assess_guardian", "监护评估", Office.CIVIL_AFFAIRS, a.CapabilityAssessment,
    "请就监护人悔过情况、监护能力和儿童意愿进行评估，并回复评估结论。",
)  # fmt: skip
CASE_CONFERENCE = define(
    GUARDIANSHIP, "D6", "case_conference", "多方会商", Office.MINOR_PROTECTION_CENTER, a.Conference,
    "请组织公安、村(居)委会、学校、亲属等会商，并回复会商结论。结论作出前，监护人不得领回儿童。",
)  # fmt: skip
RETURN_CHILD = define(
    GUARDIANSHIP, "D6", "return_child", "监护人领回、书面交接", Office.MINOR_PROTECTION_CENTER, a.Done,
    "请通知监护人领回儿童并办理书面交接；告知学校、派出所、村(居)委会予以关注并保密。",
)  # fmt: skip
KINSHIP_HANDOVER = define(
    GUARDIANSHIP, "D6", "kinship_handover", "交由其他监护人或亲属照料", Office.MINOR_PROTECTION_CENTER, a.Done,
    "请与其他监护人或亲属办理书面交接，并回复。",
)  # fmt: skip
SUGGEST_REVOCATION = define(
    GUARDIANSHIP, "D7", "suggest_revocation", "其他有权主体申请撤销监护人资格", Office.WOMENS_FEDERATION,
    a.RevocationFiling, "请研究是否由贵单位或儿童近亲属、村(居)委会等有权主体提出申请，并及时回复是否已经提出。",
)  # fmt: skip
FILE_REVOCATION = define(
    GUARDIANSHIP, "D7", "file_revocation", "民政申请撤销监护人资格", Office.CIVIL_AFFAIRS, a.Done,
    "其他有权主体未及时提出申请。民政部门应当依法向人民法院申请撤销监护人资格，提出后回复。",
)  # fmt: skip
COURT_TRIAL = define(
    GUARDIANSHIP, "D8", "court_trial", "法院审理", Office.COURT, a.CourtHearing,
    "请依法审理，并安排必要的临时监护措施。",
)  # fmt: skip
JUDGMENT = define(
    GUARDIANSHIP, "D9", "judgment", "判决", Office.COURT, a.Judgment,
    "请将判决结果及时抄送县级民政部门和乡镇人民政府(街道办事处)。",
)  # fmt: skip
LONG_TERM_GUARDIANSHIP = define(
    GUARDIANSHIP, "D10", "long_term_guardianship", "民政长期监护", Office.CIVIL_AFFAIRS, a.Done,
    "请依法对儿童长期监护，办理户籍登记，交由儿童福利机构收留抚养或家庭寄养。",
)  # fmt: skip
SETTLE_NEW_GUARDIAN = define(
    GUARDIANSHIP, "D9", "settle_new_guardian", "落实新监护人", Office.CIVIL_AFFAIRS, a.Done,
    "请与判决指定的监护人办理交接，落实监护，并回复。",
)  # fmt: skip
SUPPORT_CLAIM = define(
    GUARDIANSHIP, "D11", "support_claim", "追索抚养费", Office.CIVIL_AFFAIRS, a.Done,
    "被撤销监护人资格的父母应当继续负担抚养费。请依法追索，并回复。",
)  # fmt: skip
RETURN_FOLLOW_UP = define(
    GUARDIANSHIP, "1F", "return_follow_up", "返家后随访", Office.VILLAGE_COMMITTEE, a.Visit,
    "请在救助保护机构指导下随访返家儿童，并回复随访情况。",
)  # fmt: skip
