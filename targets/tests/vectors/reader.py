#!/usr/bin/env python3
"""Reads committed cases and outcomes with none of this project's code: docs/case-format.md,
docs/model.md and docs/vectors.md are all that it was written from. Usage: reader.py corpus/TARGET.
Runs each case on a model of its own, and compares with corpus/TARGET.outcomes."""

import struct
import sys
from pathlib import Path

MAX = 2**31 - 1
FRAMES = 8192


class Folio:
    def __init__(self, frame, pages, refs, file, dirty, locked):
        self.frame, self.pages, self.refs = frame, pages, refs
        self.pincount, self.zero = 0, False
        self.file, self.dirty, self.locked = file, dirty, locked
        self.state, self.backed, self.events = "live", 0, []

    def note(self, call, what):
        self.events.append((call, f"{what}@{self.refs}"))

    def mark(self, call, locks):
        if self.dirty:
            return
        if locks:
            if self.locked:
                self.note(call, "wait")
            self.note(call, "lock")
        self.dirty = True
        self.note(call, "dirty")
        if locks:
            self.note(call, "unlock")
            self.locked = False

    def pin(self):
        self.refs = wrapped(self.refs + (1 if self.pages > 1 else 1024))
        self.pincount += self.pages > 1

    def pins(self):
        if self.zero:
            return self.refs > 0
        if self.pages > 1:
            return max(min(self.pincount, self.refs), 0)
        return self.refs % 2**32 // 1024

    def unpin(self, call):
        self.pincount -= self.pages > 1
        self.put(call, 1 if self.pages > 1 else 1024)

    def put(self, call, references=1):
        self.refs = wrapped(self.refs - references)
        if self.refs == 0:
            self.note(call, "free")
            self.state = "freed"

    def end(self):
        text = self.state + (f" {self.refs}" if self.state == "live" else "")
        text += f" pincount {self.pincount}" if self.pincount else ""
        if self.state != "free" and self.dirty:
            text += " dirty"
        if self.state == "live":
            text += " locked" if self.locked else ""
            text += " counted tagged" if self.file and self.dirty else ""
        last = None
        for call, event in self.events:
            text += (f", call {call}" if call != last else "") + f" {event}"
            last = call
        return text


def wrapped(number):
    return (number + 2**31) % 2**32 - 2**31


class World:
    """The compound pages of a case, and its pages by their numbers."""

    def __init__(self, records):
        self.folios, self.pages, end, singles = [], [], 0, set()
        world = [record for record in records if record[0] >> 4 in (0, 1)]
        for tag, flags, a, b, c in world[:1024]:
            if tag >> 4 == 1:
                end = min(end + (a & 0x3FF), FRAMES)
                continue
            size = 1 << (tag & 15)
            offset = b - 256 if b > 127 else b
            refs = (0, 1, 1024, MAX)[flags >> 6] + offset
            source = c & 255
            for _ in range(a + 1):
                frame = -(-end // size) * size
                if frame + size > FRAMES:
                    break
                if source in singles:
                    source = 0
                elif source in (5, 6):
                    singles.add(source)
                if flags & 4 or source:
                    refs = max(refs, 1)
                self.pages += [len(self.folios)] * size
                self.folios.append(
                    Folio(frame, size, refs, flags & 1, bool(flags & 2), bool(flags & 4))
                )
                self.folios[-1].zero = source == 5
                end = frame + size

    def frame(self, page):
        folio = self.pages[page]
        return self.folios[folio].frame + page - self.pages.index(folio)


def steps(records, world):
    """The program with all limits applied: fills and acquires, calls, cleans."""
    arrays, program = [], []
    each, total, asked, released = 4096, 16384, 0, 0
    for tag, flags, a, b, c in [r for r in records if r[0] >> 4 not in (0, 1)][:1024]:
        kind, n = tag >> 4, tag & 15
        if kind == 7:
            each = total = 81920
        elif kind in (2, 3, 8, 9):
            if kind == 3 and (not arrays or not arrays[-1]):
                continue
            if kind != 3 and (not flags & 2 or not arrays):
                if len(arrays) == 64:
                    continue
                arrays.append([])
            array = arrays[-1]
            room = min(each - len(array), total - max(asked, sum(map(len, arrays))))
            backed = 0 if flags & 1 else 2 if kind == 8 or kind == 3 and flags & 2 else 1
            if kind == 3:
                first = a % len(array)
                again = array[first : first + min(b, room)]
                added = [(page, 0 if page is None else backed) for page, _ in again]
            elif kind == 9:
                added = [(None, 0)] * (min(b, room) if world.pages else 0)
            else:
                step, pages = (1, 0, -1)[n], len(world.pages)
                length = min(b, room) if pages else 0
                added = [((a + step * i) % pages, backed) for i in range(length)]
            for page, is_backed in added:
                if page is None:
                    continue
                folio = world.folios[world.pages[page]]
                folio.backed += 1024 if is_backed == 2 and folio.pages <= 2 else bool(is_backed)
            program.append(("fill", len(arrays) - 1, len(array), added))
            array += added
            asked += len(added)
        elif kind == 4:
            array = len(arrays) - 1 - a % len(arrays) if arrays else None
            length = len(arrays[array]) if arrays else 0
            first = b % length if length else 0
            wanted = min(c, length - first) if c else length - first
            wanted = min(wanted, total - released)
            if n in (8, 9) and wanted:
                pages = [page for page, _ in arrays[array][first : first + wanted]]
                frames = [None if page is None else world.frame(page) for page in pages]
                beside = (i for i, frame in enumerate(frames) if frame is None or frame != frames[0] + i)
                wanted = next(beside, wanted)
            released += wanted
            program.append(("call", n, array, first, first + wanted))
        elif kind == 10:
            program.append(("call", n, None, 2**16 - c, 0))
        elif kind == 5 and arrays:
            array = len(arrays) - 1 - a % len(arrays)
            if asked + len(arrays[array]) <= total:
                asked += len(arrays[array])
                program.append(("acquire", array))
        elif kind == 6 and b and world.pages:
            first = a % len(world.pages)
            last = min(first + b, len(world.pages)) - 1
            program.append(("clean", world.pages[first], world.pages[last]))
    return program


def outcome(records):
    world = World(records)
    program, folios = steps(records, world), world.folios
    for folio in folios:
        folio.refs = min(folio.refs, MAX - 1 - folio.backed) + 1
    arrays, lengths, errors, have_owners = [], [], [], True
    acquired = released = 0

    def take(entries):
        nonlocal acquired
        for index, (folio, backed) in enumerate(entries):
            if folio is None:
                continue
            if backed and (folio.refs <= 0 or backed == 1 and folio.refs == MAX):
                return index
            if backed == 2 and not folio.zero:
                folio.pin()
                acquired += 1
            folio.refs += backed == 1
        return len(entries)

    def drop_owners():
        for folio in folios:
            folio.refs = wrapped(folio.refs - 1)
            if folio.refs == 0:
                folio.state = "free"

    for step in program:
        if step[0] == "fill":
            _, number, start, added = step
            if number == len(arrays):
                arrays.append([])
            named = [(None if p is None else folios[world.pages[p]], backed) for p, backed in added]
            if len(arrays[number]) == start:
                arrays[number] += named[: take(named)]
            lengths.append(len(arrays[number]))
        elif step[0] == "acquire":
            array = arrays[step[1]]
            del array[take(array) :]
            lengths.append(len(array))
        elif step[0] == "clean":
            for folio in folios[step[1] : step[2] + 1]:
                if folio.refs > 0:
                    folio.dirty = False
        else:
            if have_owners:
                drop_owners()
                have_owners = False
            _, function, array, first, end = step
            entries = [] if array is None else arrays[array][first:end]
            call, error = len(errors), "ok"
            if end < first and function not in (0, 4, 5, 7, 10, 11):
                error = "0"
            behind_page = False
            for index, (folio, _) in enumerate(entries):
                if folio is None:
                    if function == 11 or function in (5, 7) and not behind_page:
                        continue
                    error = str(index)
                    break
                behind_page = True
                if not folio.pins() if function > 3 else folio.refs <= 0:
                    error = str(index)
                    break
                if function in (2, 3, 6, 8):
                    folio.mark(call, function != 2)
                if function <= 3:
                    folio.put(call)
                elif not folio.zero:
                    released += 1
                    folio.unpin(call)
                if folio.state == "freed" and folio.locked:
                    outcome.freed_locked = True
            errors.append(error)
    if have_owners:
        drop_owners()
    return folios, lengths, errors, (acquired, released)


def repeated(items):
    words, runs = [], []
    for item in items:
        if runs and runs[-1][0] == item:
            runs[-1][1] += 1
        else:
            runs.append([item, 1])
    for item, times in runs:
        words.append(f"{item}*{times}" if times > 1 else str(item))
    return " ".join(words)


def ranges(numbers):
    found = []
    for number in numbers:
        if found and found[-1][1] + 1 == number:
            found[-1][1] = number
        else:
            found.append([number, number])
    return " ".join(str(a) if a == b else f"{a}-{b}" for a, b in found)


def text(data):
    whole = len(data) - len(data) % 8
    records = [struct.unpack_from("<BBHHH", data, at) for at in range(0, whole, 8)]
    if any(tag >> 4 > 10 for tag, *_ in records):
        marker = next(i for i, record in enumerate(records) if record[0] >> 4 > 10)
        records = records[:marker]
    outcome.freed_locked = False
    folios, lengths, errors, pins = outcome(records)
    stopped = any(error != "ok" for error in errors)
    left = any(folio.state == "freed" and folio.pincount for folio in folios)
    parts = ["over-release" if stopped or left or outcome.freed_locked else "valid"]
    if lengths:
        parts.append("arrays " + repeated(lengths))
    if errors:
        parts.append("calls " + repeated(errors))
    if any(pins):
        parts.append(f"pins {pins[0]} {pins[1]}")
    alike = {}
    for number, folio in enumerate(folios):
        alike.setdefault(folio.end(), []).append(number)
    return "; ".join(parts + [f"{ranges(numbers)}: {end}" for end, numbers in alike.items()])


def main(folder):
    lines = Path(f"{folder}.outcomes").read_text().splitlines()
    assert "# format 2" in lines, "a version that this does not know"
    expected = dict(line.split(": ", 1) for line in lines if not line.startswith("#"))
    wrong = 0
    for name, right in expected.items():
        got = text((folder / name).read_bytes())
        if got != right:
            wrong += 1
            print(f"{folder}/{name}\n  written: {right}\n  here:    {got}")
    print(f"{folder}: {len(expected)} cases, {wrong} differ")
    return wrong


if __name__ == "__main__":
    sys.exit(1 if sum(main(Path(folder)) for folder in sys.argv[1:]) else 0)
