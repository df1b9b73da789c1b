"""Handing a host's devices out to guests, and taking them back: all kinds, one ledger."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from pextra.drivers.account import Account
from pextra.drivers.interface import DeviceKind, GuestDevice, Permanent, Retryable
from pextra.drivers.interface.dividing import Divisible
from pextra.drivers.vfio import binding, functions, mdev, sriov, vgpu
from pextra.drivers.vfio.ledger import Ledger, Taken
from pextra.drivers.vfio.sysfs import Sysfs, pci_path


class HostDevices:
    """The devices of one host that guests can have.

    Every method may be interrupted at any step and called again.

    Args:
        ledger: a directory of ours, for what is taken.
        account: whom guests run as, and so who may open what they are given; None: ourselves.
        sysfs: the kernel's files.
    """

    def __init__(self, ledger: Path, *, account: Account | None = None, sysfs: Sysfs | None = None) -> None:
        self._ledger = Ledger(ledger)
        self._account = account
        self._sysfs = sysfs or Sysfs()

    def refuse_unfit(self, guest_uid: str, devices: Collection[GuestDevice]) -> None:
        """Refuse devices that cannot be handed out to a guest; those that are gone pass, for `lost` tells of them.

        Raises:
            Permanent: `DeviceInvalid`, `DeviceUnfit`, `DeviceInUse`, `IommuMissing`, `GroupDivided`, or what `mdev` and
                `vgpu` refuse.
            Retryable: `DeviceTaken`: another guest has it still.
        """
        names = [device.name for device in devices]
        if twice := {name for name in names if names.count(name) > 1}:
            raise Permanent("DeviceInvalid", f"devices are given twice: {', '.join(sorted(twice))}")
        taken = self._ledger.all() if devices else {}
        for device in devices:
            known = taken.get(device.name)
            if known is not None and known.guest_uid != guest_uid:
                raise Retryable(
                    "DeviceTaken", f"device {device.name} is guest {known.guest_uid}'s: wait until it is gone"
                )
        for device in self._present(devices):
            known = taken.get(device.name)
            if known is None or not self._is_bound(device):  # what a guest runs with is not argued about
                self._refuse_unfit(device, devices, known)

    def ensure_held(self, guest_uid: str, devices: Collection[GuestDevice]) -> None:
        """Have the devices be ready for the guest; those that are gone are left out.

        Raises:
            Permanent, Retryable: as `refuse_unfit`, `binding.ensure_bound` and `Sysfs.write`.
        """
        if not devices:
            return
        with self._ledger.locked():
            self.refuse_unfit(guest_uid, devices)
            known = self._ledger.all()
            for device in self._present(devices):
                taken = known.get(device.name) or self._taken(guest_uid, device)
                if device.kind is DeviceKind.VGPU:
                    taken = replace(taken, made=vgpu.refuse_unfit(self._sysfs, device, made=_made(device, taken)))
                if taken != known.get(device.name):
                    self._ledger.note(taken)
                self._hold(device, taken)

    def ensure_given_back(self, guest_uid: str, *, keep: Iterable[str] = ()) -> None:
        """Give back to the host what the guest has, but for the devices of those names.

        No process of the guest may hold them: the kernel would wait for it.

        Raises:
            Permanent, Retryable: as `binding.ensure_released` and `Sysfs.write`.
        """
        if not self._has(guest_uid, keep):
            return
        with self._ledger.locked():
            for taken in self._has(guest_uid, keep):
                self._give_back(taken)
                self._ledger.forget(taken.name)

    def holders(self) -> set[str]:
        """The guests for which something is taken."""
        return {taken.guest_uid for taken in self._ledger.all().values()}

    def lost(self, devices: Iterable[GuestDevice], *, running: bool) -> tuple[str, ...]:
        """The names of those that the host has no more.

        Args:
            running: whether a process of their guest exists; otherwise mediated ones need not be there yet.
        """
        gone: list[str] = []
        for device in devices:
            there = self._is_there(device)
            if there and running and device.kind is DeviceKind.MDEV:
                there = self._sysfs.exists(mdev.mdev_path(device.uuid))
            if not there:
                gone.append(device.name)
        return tuple(gone)

    def window_mib(self, devices: Iterable[GuestDevice]) -> int:
        """How much of the address space above 4 GiB the windows of PCI functions take."""
        return sum(functions.window_mib(self._sysfs, d.address) for d in devices if d.kind is not DeviceKind.MDEV)

    def divisible(self) -> Sequence[Divisible]:
        """See `DividingDriver.divisible`."""
        return sriov.divisible(self._sysfs)

    def ensure_vfs(self, address: str, count: int, *, spoken_for: Collection[str] = ()) -> tuple[str, ...]:
        """Have a PCI function be divided into so many; see `sriov.ensure_vfs` and `DividingDriver.ensure_vfs`.

        Raises:
            Permanent, Retryable: as `sriov.ensure_vfs`.
        """
        with self._ledger.locked():
            taken = {entry.address for entry in self._ledger.all().values()} | set(spoken_for)
            return sriov.ensure_vfs(self._sysfs, address, count, taken=taken)

    def _present(self, devices: Iterable[GuestDevice]) -> list[GuestDevice]:
        return [device for device in devices if self._is_there(device)]

    def _is_there(self, device: GuestDevice) -> bool:
        if not functions.exists(self._sysfs, device.address):
            return False
        return device.model in ("", functions.model_of(self._sysfs, device.address))

    def _is_bound(self, device: GuestDevice) -> bool:
        return device.kind is DeviceKind.VFIO and functions.driver_of(self._sysfs, device.address) == binding.VFIO_PCI

    def _has(self, guest_uid: str, keep: Iterable[str]) -> list[Taken]:
        kept = frozenset(keep)
        return [t for t in self._ledger.all().values() if t.guest_uid == guest_uid and t.name not in kept]

    def _refuse_unfit(self, device: GuestDevice, devices: Iterable[GuestDevice], known: Taken | None) -> None:
        if device.kind is DeviceKind.MDEV:
            mdev.refuse_unfit(self._sysfs, device)
            return
        together = {other.address for other in devices if other.kind is not DeviceKind.MDEV}
        if device.kind is DeviceKind.VGPU:
            vgpu.refuse_unfit(self._sysfs, device, made=_made(device, known))
        else:
            binding.refuse_unfit(self._sysfs, device.address, together)

    def _taken(self, guest_uid: str, device: GuestDevice) -> Taken:
        """The device as it is now, before it is touched."""
        if device.kind is not DeviceKind.VFIO:
            return Taken(device.name, guest_uid, device.kind, device.address, type=device.type)
        return Taken(
            device.name,
            guest_uid,
            device.kind,
            device.address,
            functions.driver_of(self._sysfs, device.address),
            functions.override_of(self._sysfs, device.address),
        )

    def _hold(self, device: GuestDevice, taken: Taken) -> None:
        path = pci_path(device.address)
        if device.kind is DeviceKind.MDEV:
            mdev.ensure_made(self._sysfs, device)
            path = mdev.mdev_path(device.uuid)
        elif device.kind is DeviceKind.VGPU:
            vgpu.ensure_made(self._sysfs, device, taken.made)
        else:
            binding.ensure_bound(self._sysfs, device.address)
        self._let_open(functions.group_of(self._sysfs, path))

    def _let_open(self, group: str | None) -> None:
        """Let the guests' account open what the kernel keeps for root."""
        if group is None or self._account is None:
            return
        door = self._sysfs.path(f"dev/vfio/{group}")
        try:
            self._account.own(door)
        except OSError as error:
            raise Retryable("DeviceBusy", f"{door} cannot be given to the guests' account: {error}") from error

    def _give_back(self, taken: Taken) -> None:
        if taken.kind is DeviceKind.MDEV:
            mdev.ensure_absent(self._sysfs, taken.name)
        elif taken.kind is DeviceKind.VGPU:
            vgpu.ensure_absent(self._sysfs, taken.address, taken.made)
        else:
            binding.ensure_released(self._sysfs, taken.address, driver=taken.driver, override=taken.override)


def _made(device: GuestDevice, known: Taken | None) -> str:
    """As what the device is made according to the ledger; empty where that is not what it is to be."""
    return known.made if known is not None and known.type == device.type else ""
