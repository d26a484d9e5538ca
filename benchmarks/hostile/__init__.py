"""Hostile files, messages and bundles: does anything but a plain refusal come out?"""
