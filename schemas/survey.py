"""What stakeholders say of a project or of the PMO. The respondent is never the actor."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.event import Event
from schemas.fields import Item
from schemas.voiding import voided

StakeholderRole = Literal["business-leader", "project-manager", "team-member"]
Score = Annotated[int, Field(ge=1, le=5, examples=[4])]


class Invited(Event, type="pmo.survey.invited.v1"):
    """So many people of each role were asked."""

    invited: dict[StakeholderRole, Annotated[int, Field(ge=0)]] = Field(examples=[{"business-leader": 5}])


class ResponseRecorded(Event, type="pmo.survey.response-recorded.v1"):
    """One answer; `item` is its number, which leads to nobody."""

    item: Item
    stakeholder_role: StakeholderRole
    satisfaction: Score
    scores: dict[Item, Score] = Field(description="Answers to further questions", examples=[{"communication": 4}])
    recommend: Annotated[int, Field(ge=0, le=10, examples=[8])] | None = Field(
        description="Net promoter question, 0-10"
    )


SurveyVoided = voided("survey")

EVENTS: tuple[type[Event], ...] = (Invited, ResponseRecorded, SurveyVoided)
