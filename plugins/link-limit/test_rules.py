"""python3 -m unittest"""

import unittest

import rules


class Rules(unittest.TestCase):
    def test_links_are_found_in_bytes(self):
        self.assertEqual(rules.spans("ä https://a.example, http://b.example"), [(3, 21), (22, 38)])

    def test_settings_are_checked(self):
        self.assertEqual(rules.read('{"links": 5}'), rules.Limit(links=5))
        for wrong in ['{"lynx": 1}', '{"links": "many"}', "{"]:
            with self.assertRaises(ValueError):
                rules.read(wrong)


if __name__ == "__main__":
    unittest.main()
