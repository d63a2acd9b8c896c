"""How a Throughline service runs: positions, order, outbox, parking, health. Start at chassis.service."""

from chassis.alarms import Alarms
from chassis.clock import Clock, FixedClock, SandboxClock, SystemClock
from chassis.context import Context, Transaction
from chassis.failures import NotSpeaking
from chassis.heard import Heard, RawRecord
from chassis.hearing import Hearing, NoWork, Timer, Work, every, hear, hear_raw
from chassis.say import CannotBeSaid, Said, Say
from chassis.service import Service
from chassis.settings import ServiceSettings
from chassis.signer import By, Signer, by
from chassis.tables import create_chassis_tables, create_people_tables, create_recovery_tables, stack_mode

__all__ = [
    "Alarms",
    "By",
    "CannotBeSaid",
    "Clock",
    "Context",
    "FixedClock",
    "Heard",
    "Hearing",
    "NoWork",
    "NotSpeaking",
    "RawRecord",
    "Said",
    "SandboxClock",
    "Say",
    "Service",
    "ServiceSettings",
    "Signer",
    "SystemClock",
    "Timer",
    "Transaction",
    "Work",
    "by",
    "create_chassis_tables",
    "create_people_tables",
    "create_recovery_tables",
    "every",
    "hear",
    "hear_raw",
    "stack_mode",
]
