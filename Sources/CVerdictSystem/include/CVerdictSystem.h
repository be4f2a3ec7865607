#pragma once
#include "prefetch.h"
