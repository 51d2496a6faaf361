"""Every command that people issue, and the state that each kind of stream folds into."""

from services.commands import (
    assurance,
    demand,
    findings,
    governing,
    maturity,
    nonconformities,
    organisation,
    paths,
    presence,
    standards,
    surveys,
    trainings,
    work,
    workload,
)
from services.commands.command import Command
from services.commands.fold import State
from services.commands.project import benefits, changes, delivery, life_cycle, milestones, observe, risks, scoring
from services.commands.project.state import ProjectState

COMMANDS: tuple[type[Command], ...] = (
    *life_cycle.COMMANDS,
    *delivery.COMMANDS,
    *observe.COMMANDS,
    *milestones.COMMANDS,
    *changes.COMMANDS,
    *risks.COMMANDS,
    *benefits.COMMANDS,
    *scoring.COMMANDS,
    *work.COMMANDS,
    *workload.COMMANDS,
    *demand.COMMANDS,
    *standards.COMMANDS,
    *nonconformities.COMMANDS,
    *trainings.COMMANDS,
    *paths.COMMANDS,
    *organisation.COMMANDS,
    *maturity.COMMANDS,
    *surveys.COMMANDS,
    *governing.COMMANDS,
    *findings.COMMANDS,
    *assurance.COMMANDS,
)

BY_PATH: dict[str, type[Command]] = {command.path: command for command in COMMANDS}

MADE_BY: dict[str, str] = {
    "business-unit": "unit register",
    "course": "course define",
    "goal": "goal declare",
    "path": "path define",
    "person": "person join",
    "project": "project propose",
    "standard": "standard publish",
    "work": "work create",
}
"""What makes a stream that commands refer to, by its kind; its first word is what users call the kind."""

STATES: dict[str, type[State]] = {
    "person": presence.PersonState,
    "project": ProjectState,
    "standard": standards.StandardState,
    "workload": workload.WorkloadState,
}
