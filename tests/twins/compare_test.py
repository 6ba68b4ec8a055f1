#!/usr/bin/env python3
"""What the comparison of trees sees and what it forgives, on files that this machine's compiler makes."""
import io
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / "lib")]
import compare  # noqa: E402
import image_tree  # noqa: E402
import machine_code  # noqa: E402


def layer(*members):
    """A tar of (name, content or link, changes of the header)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content, *changes in members:
            head = tarfile.TarInfo(name)
            head.size = len(content) if isinstance(content, bytes) else 0
            for key, value in (changes[0] if changes else {}).items():
                setattr(head, key, value)
            archive.addfile(head, io.BytesIO(content) if isinstance(content, bytes) else None)
    out.seek(0)
    return out


def tree(*layers):
    found = {}
    for one in layers:
        image_tree.apply_layer(found, layer(*one))
    return found


LINK, HARD, DIR = {"type": tarfile.SYMTYPE, "linkname": "a"}, {"type": tarfile.LNKTYPE, "linkname": "a"}, {"type": tarfile.DIRTYPE}


class Trees(unittest.TestCase):
    def test_equal_trees_have_no_differences(self):
        one = [("a", b"1"), ("d", None, DIR), ("d/l", None, LINK), ("h", None, HARD)]
        self.assertEqual(compare.differences(tree(one), tree(one)), {})

    def test_every_attribute_counts(self):
        base = tree([("a", b"1", {"mode": 0o644})])
        for change in ({"mode": 0o600}, {"uid": 5}, {"pax_headers": {"SCHILY.xattr.user.x": "y"}}, {"type": tarfile.FIFOTYPE, "size": 0}):
            self.assertEqual(list(compare.differences(base, tree([("a", b"1", {"mode": 0o644} | change)]))), ["a"], change)
        self.assertEqual(compare.differences(base, tree([("a", b"2", {"mode": 0o644})])), {"a": "content b'1' / b'2'"})
        self.assertEqual(list(compare.differences(tree([("l", None, LINK)]), tree([("l", None, LINK | {"linkname": "b"})]))), ["l"])

    def test_missing_files_and_hard_links_that_became_copies_are_seen(self):
        self.assertEqual(compare.differences(tree([("a", b"1")]), {}), {"a": "only in the first"})
        links, copies = tree([("a", b"1"), ("h", None, HARD)]), tree([("a", b"1"), ("h", b"1")])
        self.assertEqual(list(compare.differences(links, copies)), ["h"])

    def test_layers_replace_and_delete(self):
        below = [("a", b"1"), ("d", None, DIR), ("d/x", b"x"), ("d/y", b"y")]
        self.assertEqual(sorted(tree(below, [("d/.wh.x", b"")])), ["a", "d", "d/y"])
        self.assertEqual(sorted(tree(below, [("d", None, DIR), ("d/.wh..wh..opq", b""), ("d/z", b"z")])), ["a", "d", "d/z"])
        self.assertEqual(sorted(tree(below, [("d", None, LINK)])), ["a", "d"])


class MachineCode(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def compiled(self, name, code, comment, *flags):
        source = self.path / "code.c"  # its name is in the symbols
        # The comment of another version of the compiler, longer by some bytes, moves what follows it.
        source.write_text(f'__asm__(".ident \\"{comment}\\"");\n{code}\n')
        subprocess.run(["cc", "-O1", "-fno-ident", "-o", self.path / name, *flags, source], check=True)
        return (self.path / name).read_bytes()

    def pair(self, *flags, code=("int f(int a) { return a + 1; }", "int f(int a) { return a + 1; }")):
        return self.compiled("one", code[0], "version 1", *flags), self.compiled("two", code[1], "version 1 of another day", *flags)

    def test_comments_and_build_ids_are_forgiven(self):
        for flags in (["-c"], ["-shared", "-fPIC", "-Wl,--build-id"], ["-c", "-g0", "-fexceptions"]):
            a, b = self.pair(*flags)
            self.assertNotEqual(a, b)
            self.assertTrue(machine_code.same_but_for_notes(a, b), flags)

    def test_one_other_instruction_is_not(self):
        for flags in (["-c"], ["-shared", "-fPIC", "-Wl,--build-id"]):
            self.assertFalse(machine_code.same_but_for_notes(
                *self.pair(*flags, code=("int f(int a) { return a + 1; }", "int f(int a) { return a + 2; }"))), flags)

    def test_another_name_or_section_is_not(self):
        for other in ("int g(int a) { return a + 1; }", "int f(int a) { return a + 1; }\n__attribute__((section(\".own\"))) int x = 1;"):
            self.assertFalse(machine_code.same_but_for_notes(*self.pair("-c", code=("int f(int a) { return a + 1; }", other))))

    def test_archives_are_compared_member_by_member(self):
        def archive(content):
            (self.path / "m.o").write_bytes(content)
            (self.path / "l.a").unlink(missing_ok=True)
            subprocess.run(["ar", "rcsD", self.path / "l.a", self.path / "m.o"], check=True)
            return (self.path / "l.a").read_bytes()
        a, b = self.pair("-c")
        other = self.compiled("three", "int f(int a) { return a - 1; }", "version 1", "-c")
        self.assertTrue(machine_code.same_but_for_notes(archive(a), archive(b)))
        self.assertFalse(machine_code.same_but_for_notes(archive(a), archive(other)))

    def test_other_files_have_to_be_equal(self):
        self.assertFalse(machine_code.same_but_for_notes(b"text", b"text "))
        self.assertFalse(machine_code.same_but_for_notes(b"\x7fELF\x02\x01", b"\x7fELF\x02\x01\x01"))


if __name__ == "__main__":
    unittest.main()
