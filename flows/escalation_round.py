"""督办 — one turn of the clock in which something climbed, shown to coordinators.

Basis: 晋政发〔2017〕46号 七(一) (督导检查, 通报). The climbing itself is done by the office's clock; this run only shows it.
"""

from prefect import flow

from tasks.escalating import show_round


@flow(name="督办", flow_run_name="督办 第{round_number}轮", retries=0, persist_result=False)
async def escalation_round(round_number: int) -> str:
    """List what climbed in this round as an artifact."""
    return await show_round(round_number)
