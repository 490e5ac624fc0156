"""Notices that something changed, for pages. The topic names what changed; a page then asks the service that owns
it."""

from pulse_contracts.message import Message, Micros


class Changed(Message):
    """The object that the topic names has changed. It carries no content, so any gateway may read it.

    at: when the publisher noticed the change. A later notice of the same object has a later time.
    """

    at: Micros
