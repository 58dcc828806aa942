#pragma once

#include "kac/parallel.hpp"

namespace kac::python {

/// The threads of this process that help with all calls. To be asked for with the GIL.
Crew& crew();

}  // namespace kac::python
