"""OAuth client credentials: a token is asked for once, renewed when it ends or is refused, and never logged."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from entrasim import scope
from entrasim.application import connect, connect_with_credentials
from entrasim.clock import load_clock
from entrasim.job.control import load_job, start_job
from entrasim.oauth import ClientCredentials
from entrasim.provisioning_log import newest_entries
from entrasim.refusals import InvalidAttribute, InvalidTenantUrl, WrongState
from tests.entrasim.conftest import Company
from tests.entrasim.recording_endpoint import TOKEN


@dataclass
class TokenEndpoint:
    """Gives out `tokens` one after the other, the last again and again."""

    url: str = ""
    tokens: list[str] = field(default_factory=lambda: [TOKEN])
    status: int = 200
    asked: list[dict[str, list[str]]] = field(default_factory=list)


@pytest.fixture
def tokens() -> Iterator[TokenEndpoint]:
    endpoint = TokenEndpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            endpoint.asked.append(parse_qs(body))
            token = endpoint.tokens.pop(0) if len(endpoint.tokens) > 1 else endpoint.tokens[0]
            answer = json.dumps({"access_token": token, "token_type": "Bearer", "expires_in": 3600}).encode()
            self.send_response(endpoint.status)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    endpoint.url = f"http://127.0.0.1:{server.server_port}/token"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield endpoint
    server.shutdown()
    thread.join()
    server.server_close()


def credentialed(company: Company, tokens: TokenEndpoint) -> Company:
    credentials = ClientCredentials(token_url=tokens.url, client_id="c-1", client_secret="s-1", scope="scim")
    connect_with_credentials(company.state, company.endpoint.url, credentials=credentials)
    company.person("ana")
    scope.assign_all(company.state)
    return company


def test_one_token_serves_a_whole_cycle(company: Company, tokens: TokenEndpoint) -> None:
    assert credentialed(company, tokens).cycle().users.created == 1
    assert tokens.asked == [
        {"grant_type": ["client_credentials"], "client_id": ["c-1"], "client_secret": ["s-1"], "scope": ["scim"]}
    ]


def test_a_refused_token_is_renewed_once_and_the_request_sent_again(company: Company, tokens: TokenEndpoint) -> None:
    tokens.tokens = ["stale", TOKEN]
    assert credentialed(company, tokens).cycle().ok
    assert len(tokens.asked) == 2
    (entry,) = newest_entries(company.state, 1)
    assert [request.status for request in entry.requests] == [401, 200, 201]
    assert TOKEN not in repr(entry)


def test_refused_credentials_quarantine_the_job(company: Company, tokens: TokenEndpoint) -> None:
    tokens.status = 401
    result = credentialed(company, tokens).cycle()
    assert result.stopped is not None
    assert "token endpoint answered HTTP 401" in result.stopped
    quarantine = load_job(company.state).quarantine
    assert quarantine is not None
    assert quarantine.reason == "InvalidCredentials"


def test_on_demand_needs_the_job_stopped_as_in_the_real_service(company: Company, tokens: TokenEndpoint) -> None:
    credentialed(company, tokens)
    start_job(company.state, now=load_clock(company.state)())
    with pytest.raises(WrongState, match="OAuth"):
        company.demand_user("ana")


def test_a_saved_token_takes_the_place_of_credentials(company: Company, tokens: TokenEndpoint) -> None:
    credentialed(company, tokens)
    connect(company.state, company.endpoint.url, token=TOKEN)
    assert company.cycle().ok
    assert tokens.asked == []


def test_credentials_that_cannot_work_are_refused(company: Company) -> None:
    for credentials, refusal in (
        (ClientCredentials(token_url="ftp://x", client_id="a", client_secret="b"), InvalidTenantUrl),
        (ClientCredentials(token_url="https://x.example/t", client_id="", client_secret="b"), InvalidAttribute),
    ):
        with pytest.raises(refusal):
            connect_with_credentials(company.state, company.endpoint.url, credentials=credentials)
