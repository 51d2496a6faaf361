"""Commands about what stakeholders say, and about what was brought in from elsewhere."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from schemas import governance, survey
from schemas.event import Event, Record
from schemas.fields import Digest, Item, Text
from schemas.streams import stream_id
from services.commands.command import Argument, Command, Context, KeyArgument, KeyField
from services.commands.fold import State
from services.errors import BadInput, Rejected


class _SurveyCommand(Command):
    subject: KeyArgument = Field(description="The project's code, or PMO")
    period: Annotated[KeyField, Argument()] = Field(description="The period, such as 2026-Q2 or CLOSURE")

    def stream(self) -> str:
        """The survey."""
        return stream_id("survey", self.subject, self.period)

    def references(self) -> tuple[str, ...]:
        """The project, unless the survey is about the PMO itself."""
        return () if self.subject == "PMO" else (stream_id("project", self.subject),)


class Invite(_SurveyCommand, path="survey invite", example="CRANE-7 CLOSURE --invited business-leader=5"):
    """Record how many people were asked."""

    invited: dict[survey.StakeholderRole, Annotated[int, Field(ge=0)]] = Field(
        description="People asked, by role", examples=["team-member=12"]
    )

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses an empty invitation."""
        if not self.invited:
            raise BadInput("Give --invited ROLE=NUMBER at least once.")
        return [survey.Invited(invited=self.invited)]


class Respond(
    _SurveyCommand, path="survey respond", example="CRANE-7 CLOSURE 17 --stakeholder-role team-member --satisfaction 4"
):
    """Record one answer, without its author."""

    response: Annotated[KeyField, Argument()] = Field(description="The answer's number, which leads to nobody")
    stakeholder_role: survey.StakeholderRole = Field(description="What the respondent is to the project")
    satisfaction: survey.Score = Field(description="1 to 5")
    scores: dict[Item, survey.Score] = Field(
        default_factory=dict, description="Answers to further questions, 1 to 5", examples=["communication=4"]
    )
    recommend: Annotated[int | None, Field(ge=0, le=10)] = Field(default=None, description="0 to 10")

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses a number that has answered."""
        if any(r.event.part == self.response for r in (*state.records(survey.ResponseRecorded), *later)):
            raise Rejected(f"Answer {self.response} is recorded already; correct it by --supersedes.")
        fields = {name: getattr(self, name) for name in ("stakeholder_role", "satisfaction", "scores", "recommend")}
        return [survey.ResponseRecorded(item=self.response, **fields)]


class CompleteImport(Command, path="import complete", example=""):
    """Record what became of a file; importers issue it."""

    import_id: KeyField
    source_kind: Text
    file_name: Text
    file_digest: Digest
    mapping_digest: Digest
    rows: governance.Count
    recorded: governance.Count
    unchanged: governance.Count
    rejected: governance.Count
    ignored: governance.Count
    events: governance.Count

    def stream(self) -> str:
        """The import's stream."""
        return stream_id("import", self.import_id)

    def decide(self, state: State, later: Sequence[Record], context: Context) -> list[Event]:
        """Refuses figures that do not add up."""
        if self.rows != self.recorded + self.unchanged + self.rejected + self.ignored:
            raise BadInput("Rows are not recorded + unchanged + rejected + ignored.")
        fields = {name: getattr(self, name) for name in type(self).model_fields if name != "import_id"}
        return [governance.ImportCompleted(**fields)]


COMMANDS: tuple[type[Command], ...] = (Invite, Respond)
"""Those that people issue; `CompleteImport` belongs to importers."""
