#include "CVerdictProto.h"
