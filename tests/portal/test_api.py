"""The API does what its OpenAPI document says: what fits is taken, what does not is told in Chinese, and nothing breaks it."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError

from office import intake
from office.intake import Filing, KeyTaken
from office.portal.app import create_app
from office.portal.shield import BODY_LIMIT
from office.timekeeping import COUNTY_ZONE
from rules.vocabulary import ReporterKind, ReportReason
from tests.portal.conftest import NOW, Browser, Desk, small_county
from tests.portal.test_reporting import JSON

RECEIPT, CODE = "BG-2026-00001", "K7M2Q9XB"
CHINESE = re.compile(r"[一-鿿]")

TRIED = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def document(browser: Browser) -> dict[str, Any]:
    """The description as a program fetches it."""
    answer = browser.get("/api/openapi.json")
    assert answer.status_code == 200
    read: dict[str, Any] = answer.json()
    return read


@pytest.fixture
def strict_desk(desk: Desk, bureau: Any, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk that holds to its county, as the real one does."""
    stand_in = desk.file_report

    async def file_report(of: Any, filing: Filing) -> intake.Receipt:
        faults = intake.faults_of(bureau, filing)
        if faults:
            raise intake.BadFiling(faults)
        return await stand_in(of, filing)

    monkeypatch.setattr(intake, "file_report", file_report)
    # As many tries as there are, and none of them too often.
    bureau.settings = bureau.settings.model_copy(update={"reports_per_minute": 10**6, "posts_per_minute": 10**6})
    return desk


def resolved(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """The schema itself, where it stands elsewhere in the document."""
    reference = schema.get("$ref")
    if reference is None:
        return schema
    found: dict[str, Any] = document["components"]["schemas"][reference.rsplit("/", 1)[1]]
    return found


def fitting(schema: dict[str, Any], document: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Any value of the schema."""
    schema = resolved(schema, document)
    if "anyOf" in schema:
        return st.one_of(*(fitting(one, document) for one in schema["anyOf"]))
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema["type"]:
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "string" if schema.get("format") == "date-time":
            return st.integers(946_684_800, int(NOW.timestamp())).map(
                lambda second: datetime.fromtimestamp(second, COUNTY_ZONE).isoformat()
            )
        case "string":
            letters = st.characters(categories=("L", "N", "P", "S"))
            most = min(schema["maxLength"], schema.get("minLength", 0) + 40)
            return st.text(letters, min_size=schema.get("minLength", 0), max_size=most)
    raise AssertionError(schema)


def unfitting(schema: dict[str, Any], document: dict[str, Any]) -> st.SearchStrategy[Any]:
    """A value that the schema does not allow."""
    schema = resolved(schema, document)
    wrong: list[st.SearchStrategy[Any]] = [
        st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.lists(st.text(max_size=3), max_size=2),
        st.dictionaries(st.text(max_size=3), st.none(), max_size=2),
    ]  # fmt: skip
    kinds = [resolved(one, document) for one in schema.get("anyOf", [schema])]
    if not any(kind["type"] == "null" for kind in kinds):
        wrong.append(st.none())
    if not any(kind["type"] == "boolean" for kind in kinds):
        wrong.append(st.booleans())
    for kind in kinds:
        if kind["type"] != "string" or "enum" in kind or kind.get("format"):
            wrong.append(st.just("no such word"))
        else:
            wrong.append(st.just("字" * (kind["maxLength"] + 1)))
            if kind.get("minLength"):
                wrong.append(st.text("字", max_size=kind["minLength"] - 1))
    return st.one_of(*wrong)


def filing_schema(document: dict[str, Any]) -> dict[str, Any]:
    """What a report may hold."""
    body = document["paths"]["/api/reports"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    return resolved(body, document)


def bodies(document: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Any report that fits, with a village of its township."""
    schema = filing_schema(document)
    fields = {name: fitting(one, document) for name, one in schema["properties"].items()}
    within = {
        one["if"]["properties"]["township"]["const"]: one["then"]["properties"]["village"]["enum"]
        for one in schema["allOf"]
    }
    del fields["township"]

    def in_place(township: str) -> st.SearchStrategy[dict[str, Any]]:
        mine = fields | {"township": st.just(township), "village": st.sampled_from(within[township])}
        needed = {name: mine.pop(name) for name in schema["required"]}
        return st.fixed_dictionaries(needed, optional=mine)

    return st.sampled_from(sorted(within)).flatmap(in_place)


def test_the_description_holds_the_api_and_no_page(document: dict[str, Any]) -> None:
    """Two addresses, each with every answer it can give."""
    answers = {
        (path, method): set(one["responses"]) for path, of in document["paths"].items() for method, one in of.items()
    }
    assert answers == {
        ("/api/reports", "post"): {"200", "201", "409", "413", "422", "429", "503"},
        ("/api/reports/{receipt}", "get"): {"200", "404", "422", "429", "503"},
    }
    for path in document["paths"].values():
        for operation in path.values():
            assert all(CHINESE.search(operation[word]) for word in ("summary", "description"))
            assert all(CHINESE.search(one["description"]) for one in operation["responses"].values())


def test_the_description_loads_nothing_and_no_page_shows_it(browser: Browser, document: dict[str, Any]) -> None:
    """No third party hears that somebody reads it."""
    assert not re.search(r"https?://", json.dumps(document))
    for path in ("/docs", "/redoc", "/openapi.json", "/api/docs"):
        assert browser.get(path).status_code == 404


def test_every_field_has_its_limit_its_chinese_name_and_the_countys_places(document: dict[str, Any]) -> None:
    """As the form has them: a program can check before it sends."""
    schema = filing_schema(document)
    fields = schema["properties"]
    assert set(fields) == set(Filing.model_fields)
    assert all(CHINESE.search(one["title"]) for one in fields.values() if "title" in one)
    assert schema["additionalProperties"] is False
    for name, limit in {"narrative": 5000, "alleged_perpetrator": 200, "reporter_name": 80, "form_key": 80}.items():
        assert fields[name]["maxLength"] == limit
    assert fields["township"]["enum"] == list(small_county().townships)
    assert "石桥村" in fields["village"]["description"]
    assert {
        "if": {"properties": {"township": {"const": "baiyang"}}},
        "then": {"properties": {"village": {"enum": ["", "shiqiao"]}}},
    } in schema["allOf"]
    words = document["components"]["schemas"]
    assert words["ReportReason"]["enum"] == [one.value for one in ReportReason]
    assert all(one.label in words["ReporterKind"]["description"] for one in ReporterKind)


def test_the_description_names_nothing_that_is_not_there(document: dict[str, Any]) -> None:
    """Every reference leads to a schema of the document."""
    named = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))
    assert named <= set(document["components"]["schemas"])


@TRIED
@given(data=st.data())
def test_what_fits_is_filed(strict_desk: Desk, browser: Browser, document: dict[str, Any], data: st.DataObject) -> None:
    """201 with the receipt, or 200 for a key that was there."""
    answer = browser.post("/api/reports", json=data.draw(bodies(document)))
    assert answer.status_code in (200, 201), answer.text
    assert set(answer.json()) == {"case", "receipt", "query_code"}


@TRIED
@given(data=st.data())
def test_what_does_not_fit_is_told_field_by_field(
    strict_desk: Desk, browser: Browser, document: dict[str, Any], data: st.DataObject
) -> None:
    """422, one Chinese sentence for each field that is wrong or missing, and nothing filed."""
    body = data.draw(bodies(document))
    schema = filing_schema(document)
    wrong = data.draw(st.sets(st.sampled_from(sorted(set(schema["properties"]) - {"village"})), min_size=1, max_size=3))
    for name in wrong:
        if name in schema["required"] and data.draw(st.booleans()):
            del body[name]
        else:
            body[name] = data.draw(unfitting(schema["properties"][name], document))
    before = len(strict_desk.filings)
    answer = browser.post("/api/reports", json=body)
    assert answer.status_code == 422, answer.text
    faults = answer.json()["faults"]
    # A township that is none of this county's is looked for when the form itself is right.
    assert len(faults) in (len(wrong), len(wrong - {"township"}))
    assert all(CHINESE.search(sentence) for sentence in faults)
    assert len(strict_desk.filings) == before


@TRIED
@given(body=st.one_of(st.binary(max_size=300), st.recursive(st.none() | st.text(max_size=5), st.lists).map(lambda v: json.dumps(v).encode())))  # fmt: skip
def test_no_body_breaks_it(strict_desk: Desk, browser: Browser, body: bytes) -> None:
    """Any bytes at all."""
    answer = browser.request("POST", "/api/reports", content=body)
    assert answer.status_code == 422
    assert CHINESE.search(answer.json()["faults"][0])


def test_a_key_of_another_report_is_not_taken_for_a_second_press(
    browser: Browser, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program whose keys repeat is told, and no child is lost under another one's receipt."""

    async def taken(*_: object) -> None:
        raise KeyTaken

    monkeypatch.setattr(intake, "file_report", taken)
    answer = browser.post("/api/reports", json=JSON)
    assert answer.status_code == 409
    assert "换一个新的表单编号" in answer.json()["faults"][0]


@pytest.mark.parametrize("fault", [OSError("away"), OperationalError("SELECT 1", {}, Exception("away"))])
def test_when_the_records_are_away_a_program_is_told_to_come_back(
    browser: Browser, desk: Desk, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    """503 with the seconds to wait, for a report and for a question; nothing of the fault."""

    async def away(*_: object) -> None:
        raise fault

    monkeypatch.setattr(intake, "file_report", away)
    monkeypatch.setattr(intake, "report_status", away)
    for answer in (
        browser.post("/api/reports", json=JSON),
        browser.get(f"/api/reports/{RECEIPT}", headers={"X-Query-Code": CODE}),
    ):
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        assert "away" not in answer.text
        assert CHINESE.search(answer.json()["faults"][0])


def test_too_long_a_body_is_refused_in_json(browser: Browser, desk: Desk) -> None:
    """A program cannot read a page."""
    answer = browser.request("POST", "/api/reports", content=b" " * (BODY_LIMIT + 1))
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/json")
    assert desk.filings == []


@pytest.mark.parametrize("receipt", [RECEIPT, "bg-2026-00001", "ＢＧ－２０２６－００００１"])
def test_a_program_asks_how_a_report_stands(browser: Browser, receipt: str) -> None:
    """What the page shows and no more, with Beijing's time."""
    answer = browser.get(f"/api/reports/{receipt}", headers={"X-Query-Code": f" {CODE.lower()} "})
    assert answer.status_code == 200
    assert answer.json() == {
        "receipt": RECEIPT,
        "filed_at": "2026-03-02T08:30:00+08:00",
        "lines": [
            {"at": "2026-03-02T08:30:00+08:00", "what": "报告已收到"},
            {"at": "2026-03-02T08:42:00+08:00", "what": "有关部门已签收"},
        ],
    }
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("receipt", "code"),
    [(RECEIPT, "AAAAAAAA"), ("BG-2026-00002", CODE), ("x" * 500, CODE), (RECEIPT, "9" * 500), ("%00", "x"), ("'", "'")],
)
def test_an_unknown_receipt_and_a_wrong_code_have_the_same_answer(browser: Browser, receipt: str, code: str) -> None:
    """Byte for byte: nobody learns which receipts exist."""
    answer = browser.get(f"/api/reports/{receipt}", headers={"X-Query-Code": code})
    known = browser.get(f"/api/reports/{RECEIPT}", headers={"X-Query-Code": "WRONG234"})
    assert answer.status_code == known.status_code == 404
    assert (answer.content, dict(answer.headers)) == (known.content, dict(known.headers))


def test_a_question_without_a_code_says_where_it_belongs(browser: Browser) -> None:
    """In the header: an address is kept in logs."""
    answer = browser.get(f"/api/reports/{RECEIPT}")
    assert answer.status_code == 422
    assert "X-Query-Code" in answer.json()["faults"][0]
    assert browser.get(f"/api/reports/{RECEIPT}?query_code={CODE}").status_code == 422


def test_questions_are_limited_as_those_of_the_page_are(desk: Desk, bureau: Any) -> None:
    """Codes cannot be tried one after the other."""
    bureau.settings = bureau.settings.model_copy(update={"posts_per_minute": 3})
    hurried = Browser(create_app(bureau))
    answers = [hurried.get(f"/api/reports/{RECEIPT}", headers={"X-Query-Code": "AAAAAAAA"}) for _ in range(4)]
    assert [one.status_code for one in answers] == [404, 404, 404, 429]
    assert int(answers[-1].headers["retry-after"]) > 0
    # One count for both: the page is no second chance.
    assert hurried.post("/query", {"receipt": RECEIPT, "code": CODE}).status_code == 429
