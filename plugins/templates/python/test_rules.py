"""python3 -m unittest"""

import unittest

import rules


class Rules(unittest.TestCase):
    def test_links_of_newcomers_are_held(self):
        self.assertTrue(rules.is_held(10, 2, ["https://example.com/"]))
        self.assertFalse(rules.is_held(10, 2, []))
        self.assertFalse(rules.is_held(10, 20, ["https://example.com/"]))

    def test_settings_are_checked(self):
        self.assertEqual(rules.read(""), 10)
        with self.assertRaises(ValueError):
            rules.read('{"score": "many"}')


if __name__ == "__main__":
    unittest.main()
