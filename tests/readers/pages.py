"""Pages and WARC files for tests, the files written by warcio."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

SENTENCES = {
    "en": [
        "The minister told reporters on Monday that the government would not accept the proposal in its present form.",
        "She said that parliament should decide on the matter before the summer, and that talks would go on.",
        "Members of the opposition called the decision wrong and demanded a public inquiry into the affair.",
    ],
    "zh": [
        "外交部发言人周一在例行记者会上表示，中方坚决反对这一提案，呼吁各方继续对话，通过谈判解决分歧。",
        "他说，维护地区的和平与稳定符合各国人民的共同利益，中方愿意同有关国家一道继续发挥建设性作用。",
        "专家认为，这项政策应当尽快落实，以便让更多的普通家庭从中得到实实在在的好处，促进社会公平。",
    ],
    "zh-hant": [
        "外交部發言人週一在例行記者會上表示，中方堅決反對這一提案，呼籲各方繼續對話，通過談判解決分歧。",
        "他說，維護地區的和平與穩定符合各國人民的共同利益，中方願意同有關國家一道繼續發揮建設性作用。",
        "專家認為，這項政策應當盡快落實，以便讓更多的普通家庭從中得到實實在在的好處，促進社會公平。",
    ],
    "fr": [
        "Le ministre a déclaré lundi que le gouvernement n’accepterait pas la proposition à l’Assemblée nationale.",
        "Il a ajouté que les députés devaient se prononcer avant l’été, et que les débats allaient se poursuivre.",
        "L’opposition a jugé la décision mauvaise et réclamé une enquête publique sur cette affaire très grave.",
    ],
    "de": [
        "Der Minister erklärte am Montag, die Regierung werde den Vorschlag in dieser Fassung nicht annehmen.",
        "Sie sagte, das Parlament müsse vor dem Sommer über die Frage entscheiden, die Gespräche gingen weiter.",
        "Die Opposition nannte die Entscheidung falsch und forderte eine öffentliche Untersuchung der Affäre.",
    ],
}


def page(language: str = "en", meta: str = "", title: str = "A headline of its own") -> str:
    """A news page with a menu, an article of three paragraphs and a footer."""
    article = "".join(f"<p>{sentence}</p>\n" for sentence in SENTENCES[language])
    return (
        f"<!DOCTYPE html>\n<html><head>{meta}<title>{title}</title>"
        f'<meta property="article:published_time" content="2024-05-03T10:30:00Z"></head><body>'
        f'<nav><ul><li><a href="/">Home</a></li><li><a href="/sport">Sport</a></li></ul></nav>'
        f"<main><article><h1>{title}</h1>\n{article}</article></main>"
        f'<footer><a href="/imprint">Imprint</a> All rights reserved</footer></body></html>'
    )


@dataclass(frozen=True)
class Capture:
    """A response as a crawler stores it; `body` is what came over the wire."""

    body: bytes = page().encode()
    url: str = "https://www.bbc.co.uk/news/1"
    status: str = "200 OK"
    content_type: str | None = "text/html; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    kind: str = "response"


def warc(captures: Iterable[Capture], *, gzip: bool = True) -> bytes:
    """A WARC file as warcio writes it, with a warcinfo record and a request before every capture."""
    out = io.BytesIO()
    writer = WARCWriter(out, gzip=gzip)
    writer.write_record(writer.create_warcinfo_record("test.warc.gz", {"software": "test"}))
    for one in captures:
        if one.kind == "response":
            request = StatusAndHeaders("GET / HTTP/1.1", [("Host", "example.org")], is_http_request=True)
            writer.write_record(writer.create_warc_record(one.url, "request", http_headers=request))
        writer.write_record(record(writer, one))
    return out.getvalue()


def record(writer: WARCWriter, capture: Capture) -> object:
    """One record; only responses have HTTP headers."""
    date = {"WARC-Date": "2024-05-04T00:00:00Z"}
    fields = [("Content-Type", capture.content_type)] if capture.content_type else []
    if capture.kind == "response":
        head = StatusAndHeaders(capture.status, [*fields, *capture.headers], protocol="HTTP/1.1")
        return writer.create_warc_record(
            capture.url, "response", io.BytesIO(capture.body), http_headers=head, warc_headers_dict=date
        )
    return writer.create_warc_record(
        capture.url,
        capture.kind,
        io.BytesIO(capture.body),
        warc_content_type=capture.content_type,
        warc_headers_dict=date,
    )
