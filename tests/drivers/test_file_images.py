"""The file driver against images that lie about what they are."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from pextra.drivers.account import Account
from pextra.drivers.file.driver import FileStorage
from pextra.drivers.interface import Permanent, VolumeSource
from tests.drivers.pools import CONTENT, MIB, TENANT, Pool, described, open_directory, qemu_img, qemu_io


@pytest.fixture
def pool(tmp_path: Path) -> Pool:
    return Pool(tmp_path)


def test_image_backed_by_a_file_of_the_host_is_refused(pool: Pool) -> None:
    path = pool.images / "liar"
    qemu_img("create", "-q", "-u", "-f", "qcow2", "-b", "/etc/passwd", "-F", "raw", path, "4M")
    assert pool.refusal(pool.stored_at("liar", path.read_bytes(), "qcow2")) == "BackingFileForbidden"


def test_image_backed_by_a_remote_disk_is_refused_without_asking_it(pool: Pool) -> None:
    path = pool.images / "liar"
    qemu_img("create", "-q", "-u", "-f", "qcow2", "-b", "nbd://192.0.2.1:10809", "-F", "raw", path, "4M")
    assert pool.refusal(pool.stored_at("liar", path.read_bytes(), "qcow2")) == "BackingFileForbidden"


@pytest.mark.parametrize("image_format", ["vmdk", "vdi", "vhdx", "vpc", "qed", "parallels"])
def test_other_format_is_refused_whatever_it_is_declared_as(pool: Pool, image_format: str) -> None:
    path = pool.images / "other"
    qemu_img("create", "-q", "-f", image_format, path, "4M")
    for declared in ("raw", "qcow2"):
        assert pool.refusal(pool.stored_at("other", path.read_bytes(), declared)) == "FormatMismatch"
    if image_format != "vmdk":
        assert pool.refusal(pool.stored_at("other", path.read_bytes(), image_format)) == "FormatMismatch"


@pytest.mark.parametrize("kept", [0, 3, 40, 100, 70_000, 5 * MIB])
def test_truncated_image_is_refused(pool: Pool, kept: int) -> None:
    raw, path = pool.images / "whole.raw", pool.images / "cut"
    raw.write_bytes(os.urandom(8 * MIB))
    qemu_img("convert", "-O", "qcow2", raw, path)
    assert pool.refusal(pool.stored_at("cut", path.read_bytes()[:kept], "qcow2")) == "FormatMismatch"


@pytest.mark.parametrize("size_bytes", [(1 << 40) + 512, 1 << 62])
def test_disk_of_absurd_size_is_refused_however_small_its_file(pool: Pool, size_bytes: int) -> None:
    path = pool.images / "huge"
    qemu_img("create", "-q", "-f", "qcow2", path, "4M")
    content = bytearray(path.read_bytes())
    content[24:32] = size_bytes.to_bytes(8, "big")
    assert pool.refusal(pool.stored_at("huge", bytes(content), "qcow2")) == "ImageLarger"


@pytest.mark.parametrize("at", [36, 40, 48, 56], ids=["l1 entries", "l1 offset", "refcount offset", "refcount size"])
def test_image_with_garbage_for_its_tables_is_refused(pool: Pool, at: int) -> None:
    path = pool.images / "garbage"
    qemu_img("create", "-q", "-f", "qcow2", path, "64M")
    qemu_io(path, "write 0 1M")
    content = bytearray(path.read_bytes())
    content[at : at + 4] = b"\x7f\xff\xff\xff"
    assert pool.refusal(pool.stored_at("garbage", bytes(content), "qcow2")) == "FormatMismatch"


def test_image_whose_clusters_overlap_is_refused(pool: Pool) -> None:
    path = pool.images / "overlap"
    qemu_img("create", "-q", "-f", "qcow2", path, "64M")
    qemu_io(path, "write 0 1M")
    content = bytearray(path.read_bytes())
    (l1_at,) = struct.unpack_from(">Q", content, 40)
    (l2,) = struct.unpack_from(">Q", content, l1_at)
    l2_at = l2 & 0x00FF_FFFF_FFFF_FE00
    content[l2_at : l2_at + 8] = content[l2_at + 8 : l2_at + 16]
    assert pool.refusal(pool.stored_at("overlap", bytes(content), "qcow2")) == "FormatMismatch"


def test_encrypted_image_is_refused(pool: Pool) -> None:
    path = pool.images / "locked"
    qemu_img("create", "-q", "-f", "qcow2", path, "4M")
    content = bytearray(path.read_bytes())
    content[32:36] = (2).to_bytes(4, "big")  # LUKS
    assert pool.refusal(pool.stored_at("locked", bytes(content), "qcow2")) == "FormatMismatch"


def test_image_over_the_limit_is_refused(pool: Pool) -> None:
    assert pool.refusal(pool.stored_at("large", bytes(65 * MIB))) == "SourceForbidden"


@pytest.mark.parametrize("name", ["pipe", "directory"])
def test_what_is_no_regular_file_is_refused_without_waiting(pool: Pool, name: str) -> None:
    path = pool.images / name
    os.mkfifo(path) if name == "pipe" else path.mkdir()
    assert pool.refusal(described(path.as_uri(), b"")) == "SourceForbidden"


def test_missing_file_outside_is_not_told_from_a_forbidden_one(pool: Pool) -> None:
    reasons = {pool.refusal(described(url, b"")) for url in ("file:///etc/passwd", "file:///etc/no-such-file")}
    assert reasons == {"SourceForbidden"}


@pytest.mark.parametrize("uid", ["../escape", "", ".hidden", "a/b", "x" * 200])
def test_uid_cannot_lead_out_of_the_pool(pool: Pool, uid: str) -> None:
    for volume in (VolumeSource(uid, TENANT, MIB), VolumeSource("volume", uid, MIB)):
        with pytest.raises(Permanent) as caught:
            pool.driver().ensure_volume(volume)
        assert caught.value.reason == "UidInvalid"


def test_zeros_take_no_space(pool: Pool) -> None:
    stored = pool.driver().ensure_image(pool.stored_at("sparse", bytes(32 * MIB)))
    assert stored.virtual_size_bytes == 32 * MIB
    assert stored.stored_bytes < MIB


# --- vmdk ---


def vmdk(pool: Pool, subformat: str) -> bytes:
    raw, path = pool.images / "disk.raw", pool.images / "disk.vmdk"
    raw.write_bytes(CONTENT)
    qemu_img("convert", "-O", "vmdk", "-o", f"subformat={subformat}", raw, path)
    content = path.read_bytes()
    path.unlink()
    return content


@pytest.mark.parametrize("subformat", ["monolithicSparse", "streamOptimized"])
def test_vmdk_of_one_file_becomes_a_qcow2_with_its_content(pool: Pool, subformat: str) -> None:
    image = pool.stored_at("it.vmdk", vmdk(pool, subformat), "vmdk")
    stored = pool.driver().ensure_image(image)
    assert (stored.sha256, stored.virtual_size_bytes) == (image.sha256, len(CONTENT))
    (path,) = pool.files()
    assert path.suffix == ".qcow2"
    assert "identical" in qemu_img("compare", "-f", "raw", "-F", "qcow2", pool.images / "disk.raw", path)
    assert pool.driver().ensure_image(image) == stored


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to another account")
def test_vmdk_is_converted_by_the_guests_account(pool: Pool) -> None:
    with open_directory() as root:
        storage = FileStorage(root / "pool", allowed_dirs=[pool.images], account=Account("nobody", 65534, 65534))
        image = pool.stored_at("it.vmdk", vmdk(pool, "streamOptimized"), "vmdk")
        assert storage.ensure_image(image).virtual_size_bytes == len(CONTENT)
        (kept,) = (root / "pool" / "images" / image.uid).iterdir()
        assert (kept.stat().st_uid, kept.stat().st_gid, kept.stat().st_mode & 0o777) == (0, 65534, 0o440)


def test_vmdk_descriptor_of_other_files_is_refused(pool: Pool) -> None:
    descriptor = b'# Disk DescriptorFile\nversion=1\ncreateType="monolithicFlat"\nRW 8 FLAT "/etc/passwd" 0\n'
    assert pool.refusal(pool.stored_at("it", descriptor, "vmdk")) == "BackingFileForbidden"
    assert pool.refusal(pool.stored_at("it", descriptor, "raw")) == "FormatMismatch"


def test_sparse_vmdk_without_capacity_is_a_descriptor_and_refused(pool: Pool) -> None:
    content = bytearray(vmdk(pool, "monolithicSparse"))
    content[12:20] = bytes(8)
    assert pool.refusal(pool.stored_at("it", bytes(content), "vmdk")) == "BackingFileForbidden"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'RW 4096 SPARSE "', b'RW 4096 FLAT "/'),
        (b'"monolithicSparse"', b'"monolithicFlat"\n\n'),
        (b"parentCID=ffffffff", b"parentCID=12345678"),
        (b"# The Disk Data Base", b'RW 8 SPARSE "b.vmdk"'),
        (b"# The Disk Data Base", b"parentFileNameHint=a"),
    ],
)
def test_vmdk_that_names_another_file_is_refused(pool: Pool, old: bytes, new: bytes) -> None:
    content = vmdk(pool, "monolithicSparse")
    assert old in content
    edited = content.replace(old, new.ljust(len(old), b"\n")[: len(old)])
    assert pool.refusal(pool.stored_at("it", edited, "vmdk")) == "BackingFileForbidden"


def test_vmdk_whose_footer_contradicts_its_header_is_refused(pool: Pool) -> None:
    content = bytearray(vmdk(pool, "streamOptimized"))
    footer = bytearray(content[:512])
    content[56:64] = b"\xff" * 8  # the grain directory is said to be at the end
    footer[28:36] = (7).to_bytes(8, "little")  # with a descriptor elsewhere
    assert pool.refusal(pool.stored_at("it", bytes(content + footer + bytes(512)), "vmdk")) == "BackingFileForbidden"


@pytest.mark.parametrize("kept", [4, 600, 1 << 16])
def test_truncated_vmdk_is_refused(pool: Pool, kept: int) -> None:
    content = vmdk(pool, "monolithicSparse")
    assert pool.refusal(pool.stored_at("it", content[:kept], "vmdk")) in ("FormatMismatch", "BackingFileForbidden")


def test_small_vmdk_that_unpacks_to_more_than_is_kept_is_refused(pool: Pool) -> None:
    raw, path = pool.images / "bomb.raw", pool.images / "bomb.vmdk"
    raw.write_bytes(b"\1" * (80 * MIB))
    qemu_img("convert", "-O", "vmdk", "-o", "subformat=streamOptimized", raw, path)
    assert path.stat().st_size < MIB
    assert pool.refusal(pool.stored_at("bomb.vmdk", path.read_bytes(), "vmdk")) == "FormatMismatch"
