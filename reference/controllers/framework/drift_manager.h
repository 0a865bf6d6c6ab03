// A controller manager of a drift run: the controllers on caches of their own. There may be two for a while, where one takes over from
// another that has not noticed yet.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/random.h"
#include "reference/controllers/framework/driver.h"
#include "reference/informer/client.h"

namespace plumb::controllers {

class DriftManager {
 public:
  DriftManager(informer::Client& api, Clock& clock);
  ~DriftManager();

  // Works on one key of a controller that `order` picks; false when none has anything to do.
  bool work_on_one(Random& order);
  // Whose key is being worked on; "" while none is.
  const std::string& at_work() const { return at_work_; }
  // The next write is answered as failed, though it is only late: late_write() gives it.
  void delay_next_write();
  std::optional<Request> late_write();

 private:
  class Line;
  bool run(Driver& driver);

  std::unique_ptr<Line> line_;  // to the API
  Options options_;
  informer::InformerFactory informers_;
  std::vector<std::unique_ptr<Driver>> drivers_;
  std::string at_work_;
};

}  // namespace plumb::controllers
