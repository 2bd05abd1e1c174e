"""Identity providers that nobody here wrote: pysaml2 (by xmlsec1, a C program) and nanoidp, a server of its own."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2 as httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree

from doorlist.saml.names import saml
from doorlist.service import saml_setup
from tests.http.conftest import OPERATOR
from tests.saml.conftest import BASE, SESSION, Browser, Company, own_key
from tests.saml.forge import certify, rsa_key
from tests.saml.test_logging_out import sign_out

ENTITY = "https://pysaml2.example/idp"
needs_xmlsec1 = pytest.mark.skipif(
    shutil.which("xmlsec1") is None, reason="pysaml2 signs by the program xmlsec1: apt-get install xmlsec1"
)


async def _provider(company: Company, tmp_path: Path) -> Any:
    """A pysaml2 identity provider that knows us by our metadata, and we it by its own."""
    from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
    from saml2.config import IdPConfig
    from saml2.metadata import entity_descriptor
    from saml2.server import Server
    from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256

    key, at = rsa_key(70), datetime.now(UTC)
    certificate = certify(key, begins=at - timedelta(days=1), ends=at + timedelta(days=99))
    (tmp_path / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "cert.pem").write_text(certificate.pem)
    ours = tmp_path / "ours.xml"
    ours.write_bytes((await company.browser().http.get("/saml/example/metadata")).content)
    both = (BINDING_HTTP_REDIRECT, BINDING_HTTP_POST)
    config = IdPConfig().load(
        {
            "entityid": ENTITY,
            "key_file": str(tmp_path / "key.pem"),
            "cert_file": str(tmp_path / "cert.pem"),
            "xmlsec_binary": shutil.which("xmlsec1"),
            "metadata": {"local": [str(ours)]},
            "signing_algorithm": SIG_RSA_SHA256,
            "digest_algorithm": DIGEST_SHA256,
            "service": {
                "idp": {
                    "endpoints": {
                        "single_sign_on_service": [(f"{ENTITY}/sso", binding) for binding in both],
                        "single_logout_service": [(f"{ENTITY}/slo", binding) for binding in both],
                    },
                    "want_authn_requests_signed": True,
                    "policy": {"default": {"lifetime": {"minutes": 15}, "attribute_restrictions": None}},
                }
            },
        }
    )
    data = str(entity_descriptor(config)).encode()
    await saml_setup.set_from_metadata(company.database, OPERATOR, company.organization, data)
    return Server(config=config)


def _answer(server: Any, address: str, **signing: bool) -> str:
    """What pysaml2 answers to the request of a redirect: it verifies it against our metadata first."""
    from saml2 import BINDING_HTTP_REDIRECT
    from saml2.authn_context import PASSWORDPROTECTEDTRANSPORT
    from saml2.saml import NAMEID_FORMAT_EMAILADDRESS, NameID
    from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256

    query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    request = server.parse_authn_request(
        query["SAMLRequest"],
        BINDING_HTTP_REDIRECT,
        relay_state=query.get("RelayState"),
        sigalg=query["SigAlg"],
        signature=query["Signature"],
    ).message
    return str(
        server.create_authn_response(
            {"mail": ["ana@example.com"], "givenName": ["Ana"]},
            in_response_to=request.id,
            destination=request.assertion_consumer_service_url,
            sp_entity_id=request.issuer.text,
            name_id=NameID(format=NAMEID_FORMAT_EMAILADDRESS, text="ana@example.com"),
            authn={"class_ref": PASSWORDPROTECTEDTRANSPORT, "authn_auth": ENTITY},
            sign_alg=SIG_RSA_SHA256,
            digest_alg=DIGEST_SHA256,
            **signing,
        )
    )


@needs_xmlsec1
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("assertion", "response"), [(True, False), (False, True), (True, True)])
async def test_pysaml2_signs_people_in(assertion: bool, response: bool, company: Company, tmp_path: Path) -> None:
    server = await _provider(company, tmp_path)
    browser = company.browser()
    sent = (await browser.http.get("/saml/example/login")).headers["location"]
    message = _answer(server, sent, sign_assertion=assertion, sign_response=response)
    answer = await browser.answer(message.encode())
    assert answer.status_code == 303, await company.last()
    assert await browser.lets_in()


@needs_xmlsec1
@pytest.mark.filterwarnings("ignore")
async def test_pysaml2_signs_people_out(company: Company, tmp_path: Path) -> None:
    """Both ways: it verifies our request and we its answer; then it demands, and verifies what we answer."""
    from saml2 import BINDING_HTTP_REDIRECT
    from saml2.saml import NAMEID_FORMAT_EMAILADDRESS, NameID
    from saml2.xmldsig import SIG_RSA_SHA256

    server = await _provider(company, tmp_path)
    browser = await _signed_in(company, server)
    page = await sign_out(company, browser)
    address = str(etree.HTML(page.text).xpath("//a[@data-onward]/@href")[0])
    query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    request = server.parse_logout_request(
        query["SAMLRequest"], BINDING_HTTP_REDIRECT, sigalg=query["SigAlg"], signature=query["Signature"]
    ).message
    assert request.name_id.text == "ana@example.com"
    slo = f"{BASE}/saml/example/slo"
    signed = {"sign": True, "sigalg": SIG_RSA_SHA256}
    reply = server.create_logout_response(request, [BINDING_HTTP_REDIRECT])
    sent = server.apply_binding(BINDING_HTTP_REDIRECT, str(reply), slo, response=True, **signed)
    assert (await browser.http.get(dict(sent["headers"])["Location"])).status_code == 200, await company.last()

    browser = await _signed_in(company, server)
    name_id = NameID(format=NAMEID_FORMAT_EMAILADDRESS, text="ana@example.com")
    _, demand = server.create_logout_request(slo, company.forge.provider.entity_id, name_id=name_id)
    sent = server.apply_binding(BINDING_HTTP_REDIRECT, str(demand), slo, **signed)
    answered = await company.browser().http.get(dict(sent["headers"])["Location"])
    assert answered.status_code == 303, await company.last()
    text = parse_qs(urlsplit(answered.headers["location"]).query)["SAMLResponse"][0]
    assert server.parse_logout_request_response(text, BINDING_HTTP_REDIRECT).status_ok()
    assert not await browser.lets_in()


@pytest.fixture
def nanoidp(tmp_path: Path) -> Iterator[str]:
    """A running nanoidp; its address."""
    folder, port = tmp_path / "nanoidp", _free_port()
    command = [sys.executable, "-m", "nanoidp"]
    subprocess.run([*command, "init", str(folder)], check=True, capture_output=True)
    settings = folder / "settings.yaml"
    settings.write_text(settings.read_text().replace("localhost:8000", f"127.0.0.1:{port}"))
    with subprocess.Popen(
        [*command, "--config", str(folder), "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=tmp_path,
    ) as process:
        try:
            _wait(f"http://127.0.0.1:{port}/saml/metadata")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(10)


async def test_nanoidp_signs_people_in(company: Company, nanoidp: str) -> None:
    await company.directory.user("admin@example.org")
    async with httpx.AsyncClient(base_url=nanoidp) as there:
        metadata = (await there.get("/saml/metadata")).content
        await saml_setup.set_from_metadata(company.database, OPERATOR, company.organization, metadata)
        browser = company.browser()
        sent = (await browser.http.get("/saml/example/login")).headers["location"]
        page = etree.HTML((await there.get(sent)).text)
        fields = {str(field.get("name")): str(field.get("value", "")) for field in page.xpath("//form//input[@name]")}
        entered = await there.post("/saml/sso", data={**fields, "username": "admin", "password": "admin"})
    form = etree.HTML(entered.text)
    assert form.xpath("//form/@action") == [f"{BASE}/saml/example/acs"], entered.text[:2000]
    text = str(form.xpath("//input[@name='SAMLResponse']/@value")[0])
    answer = await browser.http.post("/saml/example/acs", data={"SAMLResponse": text})
    assert answer.status_code == 303, await company.last()
    assert SESSION in answer.headers["set-cookie"]


@pytest.mark.parametrize(("cipher", "bits"), [("AES256", 256), ("AES128_GCM", 128), ("AES256_GCM", 256)])
async def test_what_libxmlsec_encrypts_is_read(cipher: str, bits: int, company: Company) -> None:
    """pysaml2 encrypts by triple DES only, nanoidp not at all: here the C library does it that both stand beside."""
    import xmlsec

    browser = company.browser()
    assertion = company.forge.sign(company.forge.assertion(answers=await browser.asked()))
    outer = etree.fromstring(f'<saml:EncryptedAssertion xmlns:saml="{saml("").strip("{}")}"/>')
    outer.append(etree.fromstring(etree.tostring(assertion)))
    template = xmlsec.template.encrypted_data_create(
        outer, getattr(xmlsec.Transform, cipher), type=xmlsec.EncryptionType.ELEMENT, ns="xenc"
    )
    xmlsec.template.encrypted_data_ensure_cipher_value(template)
    info = xmlsec.template.encrypted_data_ensure_key_info(template, ns="ds")
    wrapped = xmlsec.template.add_encrypted_key(info, xmlsec.Transform.RSA_OAEP)
    xmlsec.template.encrypted_data_ensure_cipher_value(wrapped)
    manager = xmlsec.KeysManager()
    manager.add_key(xmlsec.Key.from_memory(own_key().certificate, xmlsec.KeyFormat.CERT_PEM, None))
    context = xmlsec.EncryptionContext(manager)
    context.key = xmlsec.Key.generate(xmlsec.KeyData.AES, bits, xmlsec.KeyDataType.SESSION)
    context.encrypt_xml(template, outer[0])
    answer = await browser.answer(company.forge.response(outer))
    assert answer.status_code == 303, await company.last()
    assert ("decryption", True, "encrypted") in (await company.last()).steps


async def _signed_in(company: Company, server: Any) -> Browser:
    browser = company.browser()
    sent = (await browser.http.get("/saml/example/login")).headers["location"]
    answer = await browser.answer(_answer(server, sent, sign_assertion=True, sign_response=False).encode())
    assert answer.status_code == 303, await company.last()
    return browser


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(address: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            if httpx.get(address, timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline, f"{address} does not answer"
        time.sleep(0.2)
