#include "crew.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

namespace kac::python {

namespace {

/// Never destroyed: the process may end while its threads wait.
Crew* crew_of_process = nullptr;

/// A fork copies no threads, so it forgets the crew.
void forget_in_forks() {
#if defined(__unix__) || defined(__APPLE__)
    static const int registered =
        pthread_atfork(nullptr, nullptr, [] { crew_of_process = nullptr; });
    static_cast<void>(registered);
#endif
}

}  // namespace

Crew& crew() {
    if (crew_of_process == nullptr) {
        forget_in_forks();
        crew_of_process = new Crew;
    }
    return *crew_of_process;
}

}  // namespace kac::python
