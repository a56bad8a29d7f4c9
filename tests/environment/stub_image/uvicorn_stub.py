"""A server that is up in no time, for tests that need a process rather than what it does."""

import socket
import sys

_REPLY = b'HTTP/1.1 200 OK\r\ncontent-length: 20\r\nconnection: close\r\n\r\n{"version": "1.0.2"}'


def main() -> None:
    """Answer every request on the port in the arguments, for ever."""
    (port,) = (word.partition("=")[2] for word in sys.argv if word.startswith("--port="))
    with socket.create_server(("0.0.0.0", int(port))) as listener:
        while True:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(2)
                try:
                    connection.recv(4096)
                    connection.sendall(_REPLY)
                except OSError:
                    continue


if __name__ == "__main__":
    main()
