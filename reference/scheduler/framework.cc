#include "reference/scheduler/framework.h"

#include <algorithm>

#include "harness/base/listing.h"
#include "reference/scheduler/doc_reader.h"

namespace plumb::scheduler {
namespace {

std::string line(const Plugin& plugin) { return "order " + std::to_string(plugin.traits().order) + ", weight " + std::to_string(plugin.traits().weight); }
const Registered<Listing> listed{"plugins", [] { return listing_of<Plugin>(line); }};

}  // namespace

std::string_view to_string(Code code) {
  switch (code) {
    case Code::success: return "Success";
    case Code::unschedulable: return "Unschedulable";
    case Code::unschedulable_and_unresolvable: return "UnschedulableAndUnresolvable";
    case Code::skip: return "Skip";
    case Code::error: return "Error";
  }
  return "Error";
}

Status Plugin::configure(const DocReader& args) { return args.members({}); }

Code ScorePlugin::pre_score(const PodInfo&, std::span<const NodeInfo* const>, std::unique_ptr<PluginState>&) const { return Code::success; }
void ScorePlugin::normalise(std::span<std::int64_t>) const {}

void scale_to_best(std::span<std::int64_t> scores, bool reversed) {
  const std::int64_t best = scores.empty() ? 0 : *std::max_element(scores.begin(), scores.end());
  for (std::int64_t& score : scores) {
    if (best != 0) score = max_score * score / best;
    if (reversed) score = max_score - score;
  }
}

}  // namespace plumb::scheduler
