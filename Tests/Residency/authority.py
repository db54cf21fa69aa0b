"""Certificates of every kind, by the `openssl` program: `Authority(folder).issue(...)`."""

import base64
import datetime
import hashlib
import subprocess

CONFIGURATION = """
[ca]
default_ca = this
[this]
database = {folder}/index
new_certs_dir = {folder}
default_md = sha256
policy = anything
rand_serial = yes
unique_subject = no
copy_extensions = copy
[anything]
commonName = supplied
"""
NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


class Authority:
    def __init__(self, folder):
        folder.mkdir()
        self.folder = folder
        self.certificate = folder / "ca.crt"
        self._key = folder / "ca.key"
        (folder / "index").touch()
        (folder / "ca.cnf").write_text(CONFIGURATION.format(folder=folder))
        openssl("req", "-x509", *NEW_KEY, "-keyout", self._key, "-out", self.certificate, "-subj", "/CN=Names",
                "-days", "2")

    def issue(self, path, names, begins_in=-1, ends_in=1):
        """`path.crt` and `path.key`, for names or addresses; its days are counted from now."""
        request(path, names)
        openssl("ca", "-batch", "-notext", "-config", self.folder / "ca.cnf", "-cert", self.certificate,
                "-keyfile", self._key, "-in", f"{path}.csr", "-out", f"{path}.crt",
                "-startdate", moment(begins_in), "-enddate", moment(ends_in))


def self_signed(path, names):
    request(path, names)
    openssl("x509", "-req", "-in", f"{path}.csr", "-signkey", f"{path}.key", "-out", f"{path}.crt", "-days", "2",
            "-copy_extensions", "copy")


def pin(path):
    """Base64 of the SHA-256 of a certificate's public key."""
    public = openssl("pkey", "-in", f"{path}.key", "-pubout", "-outform", "DER")
    return base64.b64encode(hashlib.sha256(public).digest()).decode()


def request(path, names):
    alternatives = ",".join(("IP:" if name[0].isdigit() else "DNS:") + name for name in names)
    openssl("req", "-new", *NEW_KEY, "-keyout", f"{path}.key", "-out", f"{path}.csr", "-subj", f"/CN={names[0]}",
            "-addext", f"subjectAltName={alternatives}")


def moment(days):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)).strftime("%Y%m%d%H%M%SZ")


def openssl(*arguments):
    result = subprocess.run(["openssl", *map(str, arguments)], capture_output=True)
    if result.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]}: {result.stderr.decode()}")
    return result.stdout
