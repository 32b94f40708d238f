"""Where does it run? The one device manager of a zoo."""

from __future__ import annotations

from zoo.devices.discover import Device, discover
from zoo.devices.manager import DeviceManager, Lease

__all__ = ["Device", "DeviceManager", "Lease", "discover"]
