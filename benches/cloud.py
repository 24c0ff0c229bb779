#!/usr/bin/env python3
"""Times sops-rs and sops with keys on servers: one file, 300 files, and a key that hangs.

    cargo build --profile dist -p sops-cli --features cloud && python3 benches/cloud.py [--files N] [--runs N] [--program FILE]

Requires `sops`, `bao` and `local-kms` on the PATH; `.ci/run install_openbao install_local_kms`
installs the last two into `target/peers/bin`. A time is that of a whole process. For single files,
the programs alternate and medians are reported. `sops` decrypts one file in a call, so it is called
once for each file. The slow server speaks the protocol of Vault, answers each request after 50 ms,
and does not encrypt: only the requests count. The servers run on this machine and share its cores
with the programs.
"""

import argparse
import base64
import http.server
import json
import os
import shutil
import socket
import statistics
import subprocess
import tempfile
import threading
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LATENCY = 0.05
# `sops` waits forever for a server that hangs.
PATIENCE = 20
TOKEN = "root-of-the-benchmark"


class Transit(http.server.BaseHTTPRequestHandler):
    """The answers of Vault's transit engine, whose ciphertext is the plaintext."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_PUT(self):
        body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"{}")
        time.sleep(LATENCY)
        if "/encrypt/" in self.path:
            data = {"ciphertext": "vault:v1:" + body["plaintext"]}
        elif "/decrypt/" in self.path:
            data = {"plaintext": body["ciphertext"].removeprefix("vault:v1:")}
        else:
            data = {"type": "aes256-gcm96", "derived": False}
        answer = json.dumps({"data": data}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_PUT

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(url):
    for _ in range(200):
        try:
            return urllib.request.urlopen(url, timeout=5)
        except urllib.error.HTTPError:
            return None
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"no server at {url}")


def run(command, directory, timeout=None):
    """The seconds that the program took; `None` if it did not end in time."""
    start = time.perf_counter()
    try:
        subprocess.run(command, cwd=directory, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=timeout)
    except subprocess.TimeoutExpired:
        return None
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"{' '.join(command[:4])}: {error.stderr.decode()}")
    return time.perf_counter() - start


def single_file(ours, directory, family, flag, key, runs):
    """Decrypts a file of 1 KB with both programs in turn."""
    name = f"{family}.yaml"
    with open(os.path.join(directory, name), "w") as file:
        file.writelines(f"password{number}: value-{number:06}-{'x' * 32}\n" for number in range(14))
    run(["sops", "encrypt", "-i", flag, key, name], directory)
    times = {"sops": [], ours: []}
    for program in times:
        run([program, "decrypt", name], directory)
    for _ in range(runs):
        for program in times:
            times[program].append(run([program, "decrypt", name], directory))
    peer, own = (statistics.median(times[program]) for program in times)
    print(f"decrypt one file, {family:<22} sops {peer * 1e3:8.1f} ms   sops-rs {own * 1e3:8.1f} ms   ratio {peer / own:6.1f}")


def many_files(ours, directory, key, count):
    names = [f"many/{number}.yaml" for number in range(count)]
    os.mkdir(os.path.join(directory, "many"))
    for name in names:
        with open(os.path.join(directory, name), "w") as file:
            file.write("password: secret\n")
    encrypt = [ours, "encrypt", "--quiet", "-i", "--hc-vault-transit", key, *names]
    run(encrypt, directory)
    peer = sum(run(["sops", "decrypt", name], directory) for name in names)
    own = run([ours, "decrypt", "--quiet", "-i", *names], directory)
    print(f"decrypt {count} files, {LATENCY * 1e3:.0f} ms a request     sops {peer:8.2f} s    sops-rs {own:8.2f} s    ratio {peer / own:6.1f}")


def hanging_key(ours, directory, key):
    """Decrypts a file whose first key is on a server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        path = os.path.join(directory, "hang.yaml")
        with open(path, "w") as file:
            file.write("password: secret\n")
        other = key.replace("/keys/k", "/keys/other")
        run([ours, "encrypt", "-i", "--hc-vault-transit", f"{other},{key}", "hang.yaml"], directory)
        with open(path) as file:
            text = file.read()
        server = key.partition("/v1/")[0]
        with open(path, "w") as file:
            file.write(text.replace(f"vault_address: {server}", f"vault_address: {address}", 1))
        own = run([ours, "decrypt", "hang.yaml"], directory)
        peer = run(["sops", "decrypt", "hang.yaml"], directory, timeout=PATIENCE)
        shown = f"no answer in {PATIENCE} s" if peer is None else f"{peer:.2f} s"
        print(f"the first key hangs                   sops {shown}   sops-rs {own:.2f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--program", default=os.path.join(ROOT, "target", "dist", "sops-rs"))
    arguments = parser.parse_args()
    ours = os.path.abspath(arguments.program)
    os.environ["PATH"] = os.pathsep.join([os.path.join(ROOT, "target", "peers", "bin"), os.environ["PATH"]])
    for program in ["sops", "bao", "local-kms"]:
        if not shutil.which(program):
            raise SystemExit(f"`{program}` is not on the PATH")
    servers = []
    with tempfile.TemporaryDirectory() as directory:
        os.environ.update(HOME=directory, SOPS_DISABLE_VERSION_CHECK="1")
        try:
            vault = f"http://127.0.0.1:{free_port()}"
            os.environ.update(VAULT_ADDR=vault, BAO_ADDR=vault, VAULT_TOKEN=TOKEN)
            listen = f"-dev-listen-address={vault.removeprefix('http://')}"
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": directory}
            servers.append(subprocess.Popen(["bao", "server", "-dev", "-dev-no-store-token", f"-dev-root-token-id={TOKEN}", listen], **quiet))
            wait_for(f"{vault}/v1/sys/health")
            for words in [["secrets", "enable", "transit"], ["write", "-f", "transit/keys/k"]]:
                run(["bao", *words], directory)
            single_file(ours, directory, "OpenBao", "--hc-vault-transit", f"{vault}/v1/transit/keys/k", arguments.runs)

            port = free_port()
            os.environ.update(
                AWS_ENDPOINT_URL_KMS=f"http://127.0.0.1:{port}", AWS_REGION="eu-west-1", AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b"
            )
            arn = "arn:aws:kms:eu-west-1:111122223333:key/bc436485-5092-42b8-92a3-0aa8b93536dc"
            with open(os.path.join(directory, "seed.yaml"), "w") as file:
                file.write(f"Keys:\n  Symmetric:\n    Aes:\n      - Metadata:\n          KeyId: {arn.rpartition('/')[2]}\n"
                           f"        BackingKeys:\n          - {'5c' * 32}\n")
            environment = {**os.environ, "PORT": str(port), "KMS_REGION": "eu-west-1", "SEED_PATH": "seed.yaml", "DATA_PATH": directory}
            servers.append(subprocess.Popen(["local-kms"], env=environment, **quiet))
            wait_for(f"http://127.0.0.1:{port}/")
            single_file(ours, directory, "AWS KMS (local-kms)", "--kms", arn, arguments.runs)

            slow = Server(("127.0.0.1", 0), Transit)
            threading.Thread(target=slow.serve_forever, daemon=True).start()
            address = f"http://127.0.0.1:{slow.server_address[1]}"
            os.environ["VAULT_ADDR"] = address
            key = f"{address}/v1/transit/keys/k"
            many_files(ours, directory, key, arguments.files)
            hanging_key(ours, directory, key)
            slow.shutdown()
        finally:
            for server in servers:
                server.terminate()
                server.wait()
    print(f"\nload: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
