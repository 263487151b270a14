"""What a client of Mesos's v1 API needs, with Python's standard library only: a stream of events and a connection for calls."""
import base64
import http.client
import json

JSON = {"Content-Type": "application/json", "Accept": "application/json"}


class Refused(SystemExit):
    """An answer that is not the wanted one; ends the program unless it is caught."""


def subscribe(address, path, call):
    """Opens a stream: yields the response first, then each event. Python's client takes the chunks apart."""
    connection = http.client.HTTPConnection(address)
    connection.request("POST", path, json.dumps(call), JSON)
    response = connection.getresponse()
    if response.status != 200:
        raise Refused("SUBSCRIBE: %d %s" % (response.status, response.read()))
    yield response
    while True:
        header = b""
        while not header.endswith(b"\n"):
            byte = response.read(1)
            if not byte:
                return
            header += byte
        yield json.loads(response.read(int(header)))


class Calls:
    """One connection that stays open for every call."""

    def __init__(self, address, path, headers, common):
        self.connection = http.client.HTTPConnection(address)
        self.path, self.headers, self.common = path, dict(JSON, **headers), common

    def send(self, kind, **parts):
        self.connection.request("POST", self.path, json.dumps(dict(self.common, type=kind, **parts)), self.headers)
        response = self.connection.getresponse()
        body = response.read()
        if response.status != 202 or body or response.getheader("Content-Length") != "0":
            raise Refused("%s: %d %s" % (kind, response.status, body))


def text(data):
    return base64.b64encode(data.encode()).decode()
