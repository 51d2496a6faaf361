"""Every command that people issue, and the state that each kind of stream folds into."""

from services.commands import organisation, standards, surveys, trainings, workload
from services.commands.command import Command
from services.commands.fold import State
from services.commands.project import delivery, life_cycle, observe
from services.commands.project.state import ProjectState

COMMANDS: tuple[type[Command], ...] = (
    *life_cycle.COMMANDS,
    *delivery.COMMANDS,
    *observe.COMMANDS,
    *workload.COMMANDS,
    *standards.COMMANDS,
    *trainings.COMMANDS,
    *organisation.COMMANDS,
    *surveys.COMMANDS,
)

BY_PATH: dict[str, type[Command]] = {command.path: command for command in COMMANDS}

STATES: dict[str, type[State]] = {"project": ProjectState, "workload": workload.WorkloadState}
