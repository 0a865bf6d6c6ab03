#include "reference/apiserver/admission/plugin.h"

namespace plumb::apiserver {
namespace {

class Sundial final : public AdmissionPlugin {
 public:
  int order() const override { return 1000; }
};

const Registered<AdmissionPlugin> registered{"Sundial", [] { return std::make_unique<Sundial>(); }};

}  // namespace
}  // namespace plumb::apiserver
