"""EIE, cycle by cycle in plain Python."""


def entries(column: list[int], elements: int, index_bits: int) -> list[int]:
    """Of one column of the matrix: how many entries each element has stored."""
    found = []
    for element in range(elements):
        stored = zeros = 0
        for weight in column[element::elements]:
            if not weight:
                zeros += 1
                continue
            while zeros >= 2**index_bits:  # an entry that is zero itself, and those before it
                stored, zeros = stored + 1, zeros - 2**index_bits
            stored, zeros = stored + 1, 0
        found.append(stored)
    return found


def cycles(matrix: list[list[int]], vector: list[int], *, elements: int, depth: int, index_bits: int) -> int:
    """(rows, columns) times a vector: each cycle a nonzero activation is broadcast if every queue has room, and each
    element takes an entry of the column at the head of its queue.
    """
    columns = [
        entries([row[j] for row in matrix], elements, index_bits) for j, activation in enumerate(vector) if activation
    ]
    queues: list[list[int]] = [[] for _ in range(elements)]
    time = 0
    while columns or any(queues):
        for queue in queues:
            while queue and queue[0] == 0:
                queue.pop(0)
        if not columns and not any(queues):
            break
        if columns and all(len(queue) < depth for queue in queues):
            for queue, count in zip(queues, columns.pop(0), strict=True):
                queue.append(count)
        for queue in queues:
            while queue and queue[0] == 0:
                queue.pop(0)
            if queue:
                queue[0] -= 1
        time += 1
    return time
