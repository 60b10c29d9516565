"""A wrong setting is named as it is typed, with what to write instead."""

from __future__ import annotations

from typing import Any

import pytest

from config.settings import Settings
from office.cli.output import fail_plainly


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"portal_port": "abc"}, "JIELI_PORTAL_PORT：“abc”写法不对，应为整数。"),
        ({"demo": "perhaps"}, "JIELI_DEMO：“perhaps”写法不对，应为 true 或 false。"),
        ({"smtp_timeout": "long"}, "JIELI_SMTP_TIMEOUT：“long”写法不对，应为数字。"),
        ({"mail_tries": 0}, "JIELI_MAIL_TRIES：“0”写法不对，应不小于 1。"),
        (
            {"smtp_host": "mail.x.example", "smtp_user": "a@x.example", "mail_from": "b@x.example"},
            "设置：JIELI_MAIL_FROM 与登录的邮箱 JIELI_SMTP_USER 不同，邮件服务器会拒收；请将两者改为一致。",
        ),
        (
            {"smtp_host": "mail.x.example", "smtp_tls": "none"},
            "设置：JIELI_SMTP_TLS=none 只可用于本机邮件服务器；请改为 tls 或 starttls。",
        ),
    ],
)
def test_a_wrong_setting_is_one_chinese_sentence(
    capsys: pytest.CaptureFixture[str], given: dict[str, Any], says: str
) -> None:
    """Name, what was written, mend; no stack and no word of the library's."""
    with pytest.raises(SystemExit) as ended, fail_plainly():
        Settings(**given)
    assert ended.value.code == 1
    assert capsys.readouterr().err == f"{says}\n"
