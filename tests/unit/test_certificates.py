"""A certificate that does not fit is told with what to do about it."""

import contextlib
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from ast_notebook.ami import Session, Settings
from ast_notebook.errors import ConnectionLost


@pytest.fixture
def authority():
    return trustme.CA()


@pytest.fixture
def refusal(authority, tmp_path):
    """Return what a session says that connects to a server with a certificate."""
    trusted = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(trusted)
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(30)

    def refusal(certificate):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)

        def serve():
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                context.wrap_socket(connection, server_side=True).close()

        server = threading.Thread(target=serve)
        server.start()
        settings = Settings(port=listener.getsockname()[1], tls=trusted, timeout=30)
        with pytest.raises(ConnectionLost) as told, Session(settings) as session:
            session.connect()
        server.join()
        return str(told.value)

    with listener:
        yield refusal


def test_another_address_than_the_certificates_is_told(authority, refusal):
    said = refusal(authority.issue_cert("pbx.example"))
    assert "connect by a name that is in the certificate" in said
    assert "FILE.pem" not in said


def test_an_expired_certificate_is_told(authority, refusal):
    yesterday = datetime.now(UTC) - timedelta(days=1)
    said = refusal(authority.issue_cert("127.0.0.1", not_after=yesterday))
    assert "renew the certificate" in said
    assert "FILE.pem" not in said


def test_a_certificate_of_another_authority_is_told(refusal):
    assert "tls='FILE.pem'" in refusal(trustme.CA().issue_cert("127.0.0.1"))
