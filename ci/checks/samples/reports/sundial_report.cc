#include "harness/results/writer.h"

namespace plumb::reports {
namespace {

class SundialReport final : public results::Writer {
 public:
  std::string description() const override { return "the hour, by the shadow"; }
  std::string file_name() const override { return ""; }
  Result<std::string> write(const results::Run&, const results::WriteOptions&) const override { return std::string("noon\n"); }
};

const results::RegisteredWriter registered{"sundial", [] { return std::make_unique<SundialReport>(); }};

}  // namespace
}  // namespace plumb::reports
