"""Where does it run? The one device manager of a process: devices, budgets, leases, turns."""

from __future__ import annotations

from zoo.devices.budget import Budget
from zoo.devices.claims import Claim, Placement
from zoo.devices.discover import Device, discover
from zoo.devices.lease import Fixed, Lease
from zoo.devices.manager import DeviceManager, shared

__all__ = ["Budget", "Claim", "Device", "DeviceManager", "Fixed", "Lease", "Placement", "discover", "shared"]
