#include "CVerdictSystem.h"
