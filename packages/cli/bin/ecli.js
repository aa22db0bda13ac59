#!/usr/bin/env node
import "../dist/bundle/ecli.js";
