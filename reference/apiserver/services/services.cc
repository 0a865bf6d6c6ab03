#include "reference/apiserver/services/services.h"

#include "harness/base/log.h"

namespace plumb::apiserver {
namespace {

constexpr Duration renewal_interval = std::chrono::seconds(10), repair_interval = std::chrono::minutes(3);

Result<std::vector<api::IpRange>> parse_ranges(const std::vector<std::string>& texts) {
  const auto refused = [&](const std::string& why) { return fail(Code::invalid_argument, "--service-cluster-ip-range: " + why); };
  std::vector<api::IpRange> ranges;
  for (const std::string& text : texts) {
    const auto range = api::IpRange::parse(text);
    if (!range) return refused("\"" + text + "\" is no range of addresses, as in 10.96.0.0/16");
    const int most = range->network.v6 ? 124 : 30, least = range->network.v6 ? 64 : 8;
    if (range->bits > most || range->bits < least)
      return refused(text + " has to have between " + std::to_string(least) + " and " + std::to_string(most) + " bits");
    ranges.push_back(*range);
  }
  if (ranges.empty() || ranges.size() > 2) return refused("one range is needed, or one of each family");
  if (ranges.size() == 2 && ranges[0].network.v6 == ranges[1].network.v6) return refused("two ranges have to be of different families");
  return ranges;
}

void report(const Status& status) {
  if (!status.ok()) log::warning("apiserver", status.error().message);
}

}  // namespace

Result<std::unique_ptr<Services>> Services::make(Registry& registry, store::Store& store, const ServiceOptions& options) {
  auto ranges = PLUMB_TRY(parse_ranges(options.cluster_ip_ranges));
  const auto ports = PLUMB_TRY(NodePorts::Range::parse(options.node_port_range));
  const auto advertised = api::Ip::parse(options.advertise_address);
  if (!options.advertise_address.empty() && !advertised) return fail(Code::invalid_argument, "--advertise-address: " + options.advertise_address + " is no IP address");
  return std::unique_ptr<Services>(new Services(registry, store, std::move(ranges), ports, advertised));
}

Services::Services(Registry& registry, store::Store& store, std::vector<api::IpRange> ranges, NodePorts::Range ports, std::optional<api::Ip> advertised)
    : registry_(registry),
      store_(store),
      ranges_(std::move(ranges)),
      advertised_(advertised),
      node_ports_(ports),
      allocator_(registry, ranges_, node_ports_),
      repair_addresses_(OwnCalls(registry)),
      repair_ports_(OwnCalls(registry), store, node_ports_) {
  registry.allocate_with(*resources::find_by_type(corev1::Service::info()), allocator_);
}

Services::~Services() {
  renewals_.reset();
  repairs_.reset();
  if (kubernetes_) kubernetes_->leave();
}

Status Services::prepare() {
  PLUMB_TRY(node_ports_.load(store_));
  return KubernetesService(OwnCalls(registry_), store_, {ranges_, std::nullopt, 0}).ensure_range();
}

void Services::serve(std::uint16_t port, Clock& clock) {
  kubernetes_ = std::make_unique<KubernetesService>(OwnCalls(registry_), store_, KubernetesService::Options{ranges_, advertised_, port});
  report(kubernetes_->renew());
  renewals_ = std::make_unique<Periodic>(clock, renewal_interval, [this] { report(kubernetes_->renew()); });
  repairs_ = std::make_unique<Periodic>(clock, repair_interval, [this] {
    repair_addresses_.run();
    report(repair_ports_.run());
  });
}

}  // namespace plumb::apiserver
