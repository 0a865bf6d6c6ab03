#include "reference/scheduler/framework.h"

namespace plumb::scheduler {
namespace {

class Sundial final : public Plugin, public PreEnqueuePlugin {
 public:
  Traits traits() const override { return {.name = "Sundial", .order = 1000, .by_default = false}; }
  Verdict pre_enqueue(const PodInfo&) const override { return {}; }
};

const Registered<Plugin> registered{"Sundial", [] { return std::make_unique<Sundial>(); }};

}  // namespace
}  // namespace plumb::scheduler
