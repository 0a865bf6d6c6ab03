#include "reference/informer/client.h"
#include "reference/scheduler/framework.h"
#include "reference/scheduler/pod_info.h"

namespace plumb::scheduler {
namespace {

// Posts the Binding.
class DefaultBinder final : public Plugin, public BindPlugin {
 public:
  Traits traits() const override { return {.name = "DefaultBinder", .order = 1000}; }
  bool binds(const PodInfo&) const override { return true; }
  void bind(informer::Client& client, const PodInfo& pod, std::string_view node, std::function<void(Status)> done) const override {
    client.send(informer::bind_request(*pod.pod, node), [done = std::move(done)](Result<informer::ObjectPtr> answer) {
      if (answer.ok()) done({});
      else done(std::move(answer).error());
    });
  }
};

const Registered<Plugin> registered_default_binder{"DefaultBinder", [] { return std::make_unique<DefaultBinder>(); }};

}  // namespace
}  // namespace plumb::scheduler
