#!/usr/bin/env node
import "../dist/bundle/ecc.js";
