"""Text fields of a protobuf: a file may hold any bytes there, which then are no ``str``."""

from google.protobuf.message import Message


def refuse_undecodable(message: Message) -> None:
    """Looks at the message and all within it.

    Raises:
        ValueError: a text is not UTF-8.
    """
    for field, value in message.ListFields():
        if field.type == field.TYPE_STRING:
            for text in (value,) if isinstance(value, str | bytes) else value:
                if isinstance(text, bytes):
                    raise ValueError(f"its {field.name} {text[:40]!r} is not UTF-8 text")
        elif field.type == field.TYPE_MESSAGE:
            for inner in (value,) if isinstance(value, Message) else value:
                refuse_undecodable(inner)
