"""python3 -m unittest"""

import unittest

import rules


class Rules(unittest.TestCase):
    def test_evidence_shows_the_beginning_of_an_address(self):
        self.assertEqual(rules.shortened("https://a.example/"), "https://a.example/")
        self.assertLess(len(rules.shortened("https://a.example/" + "a" * 1000)), 512)

    def test_settings_are_checked(self):
        self.assertEqual(rules.read('{"links": 5}'), rules.Limit(links=5))
        for wrong in ['{"lynx": 1}', '{"links": "many"}', "{"]:
            with self.assertRaises(ValueError):
                rules.read(wrong)


if __name__ == "__main__":
    unittest.main()
