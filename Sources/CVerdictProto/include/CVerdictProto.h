// The messages of the public API as C structures: generated, see `make proto`.
#pragma once

#include "external_auth.pb-c.h"
#include "health.pb-c.h"
#include "inspection.pb-c.h"
#include "verdict.pb-c.h"
