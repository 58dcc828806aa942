#pragma once

#include <cstddef>
#include <functional>

namespace kac {

/// Called now and then by the calling thread while others work; may throw to stop them.
using Poll = std::function<void()>;

/// Call `body(i)` once for every i in [0, count), on `threads` threads (0: `available_threads()`).
///
/// Items are handed out by an atomic counter, so `body` must not depend on the order or on the
/// thread. After an exception, from `body` or from `poll`, no new item is started; the first one is
/// rethrown here once every thread has stopped. With one thread, or one item and no poll, all is
/// done on the calling thread.
void parallel_for(std::size_t count, unsigned threads, const std::function<void(std::size_t)>& body,
                  const Poll& poll = {});

}  // namespace kac
