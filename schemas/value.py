"""What a project is for, and what is learned from it: benefits and lessons."""

from pydantic import Field

from schemas.event import Event
from schemas.fields import Currency, Day, Evidence, Item, Key, Money, Note, PersonId, Text


class BenefitPlanned(Event, type="pmo.project.benefit-planned.v1"):
    """What the project is to bring by a day, on which it is reviewed; `item` is the benefit."""

    item: Item
    name: Text
    amount: Money = Field(description="Planned, in money")
    currency: Currency
    due: Day
    owner: PersonId | None


class BenefitMeasured(Event, type="pmo.project.benefit-measured.v1"):
    """What of the benefit has come about so far."""

    item: Item
    amount: Money = Field(description="Measured, from the beginning")
    currency: Currency
    evidence: tuple[Evidence, ...]


class LessonRecorded(Event, type="pmo.project.lesson-recorded.v1"):
    """Something was learned; `item` is the lesson."""

    item: Item
    category: Text | None
    lesson: Note | None


class LessonApplied(Event, type="pmo.project.lesson-applied.v1"):
    """A lesson of another project, or of this one, was put to use; `item` is PROJECT.LESSON."""

    item: Item
    from_project: Key
    lesson_item: Item
    evidence: tuple[Evidence, ...]


EVENTS: tuple[type[Event], ...] = (BenefitPlanned, BenefitMeasured, LessonRecorded, LessonApplied)
