#include "harness/base/wait.h"

#include <future>

namespace plumb {

void wait_until(Clock& clock, Instant when) {
  auto fired = std::make_shared<std::promise<void>>();
  clock.at(when, [fired] { fired->set_value(); });
  fired->get_future().wait();
}

}  // namespace plumb
