#include "reference/dns/zone.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <set>

#include "harness/base/encoding.h"

namespace plumb::dns {
namespace {

constexpr std::string_view schema_version = "1.1.0";
constexpr int max_aliases = 8;  // CoreDNS follows as many
constexpr unsigned total_weight = 100;
constexpr int dashes_of_v4 = 3;

std::string key_of(std::string_view namespace_, std::string_view name) { return std::string(namespace_).append("/").append(name); }

bool is_type(const Record& record, const api::Ip& ip) { return record.type == (ip.v6 ? Type::aaaa : Type::a); }

// "10-0-0-7" and "fd00--7".
std::optional<api::Ip> pod_address(std::string_view label) {
  std::string text(label);
  const bool v4 = std::count(text.begin(), text.end(), '-') == dashes_of_v4 && text.find("--") == std::string::npos;
  std::replace(text.begin(), text.end(), '-', v4 ? '.' : ':');
  return api::Ip::parse(text);
}

// "_http" is "http"; anything else is no name of a port or protocol.
std::optional<std::string_view> without_underscore(std::string_view label) {
  if (label.size() < 2 || label.front() != '_') return std::nullopt;
  return label.substr(1);
}

struct PortFilter {
  std::string_view name, protocol;
  bool given = false;
  bool takes(const PortView& port) const { return !given || (port.name == name && port.protocol == protocol); }
};

bool has_protocol(const std::vector<PortView>& ports, std::string_view protocol) {
  return std::any_of(ports.begin(), ports.end(), [&](const PortView& port) { return port.protocol == protocol && !port.name.empty(); });
}

struct Target {
  std::string name;
  api::Ip ip;
  std::uint16_t port;
};

}  // namespace

struct Zone::Asked {
  Type type;
  std::string owner;  // as asked, or as an alias names it
  std::string name;   // lower case
  Answer answer;
  int aliases = 0;
  bool exists = false;  // the name, whatever records it has

  void add(Record record) { answer.answers.push_back(std::move(record)); }
};

Zone::Zone(ZoneOptions options, WallTime now) : options_(std::move(options)) { changed(now); }

void Zone::changed(WallTime now) {
  serial_ = std::max(serial_, static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count()));
  generation_.fetch_add(1, std::memory_order_release);
}

void Zone::set_complete() {
  std::unique_lock lock(mutex_);
  complete_ = true;
  generation_.fetch_add(1, std::memory_order_release);
}

bool Zone::set_service(std::string_view namespace_, std::string_view name, std::shared_ptr<const ServiceView> view, WallTime now) {
  const std::string key = key_of(namespace_, name);
  std::unique_lock lock(mutex_);
  const auto found = services_.find(key);
  if (found == services_.end() ? !view : view && *found->second == *view) return false;
  if (found != services_.end()) {
    index(*found->second, false);
    services_.erase(found);
  }
  if (view) {
    index(*view, true);
    services_.emplace(key, std::move(view));
  }
  changed(now);
  return true;
}

void Zone::index(const ServiceView& view, bool add) {
  const auto put = [&](const api::Ip& ip, std::string name, bool preferred) {
    auto& names = reverse_[ip];
    if (add) return names.push_back({std::move(name), preferred});
    if (const auto it = std::find_if(names.begin(), names.end(), [&](const ReverseName& one) { return one.name == name; }); it != names.end()) names.erase(it);
    if (names.empty()) reverse_.erase(ip);
  };
  bool own = false;
  for (const api::Ip& ip : view.ips) put(ip, name_of(view), true);
  for (const EndpointGroup& group : view.groups)
    for (const EndpointView& endpoint : group.endpoints) {
      own |= std::find(options_.own_ips.begin(), options_.own_ips.end(), endpoint.ip) != options_.own_ips.end();
      if (endpoint.has_hostname || view.kind == ServiceView::Kind::headless) put(endpoint.ip, endpoint.label + "." + name_of(view), endpoint.has_hostname);
    }
  if (own && add) own_services_.insert(key_of(view.namespace_, view.name));
  else own_services_.erase(key_of(view.namespace_, view.name));
}

void Zone::set_namespace(std::string_view name, bool there, WallTime now) {
  std::unique_lock lock(mutex_);
  if (there ? !namespaces_.try_emplace(std::string(name), 0).second : namespaces_.erase(std::string(name)) == 0) return;
  changed(now);
}

void Zone::add_pod(std::string_view namespace_, const api::Ip& ip, WallTime now) {
  std::unique_lock lock(mutex_);
  pods_[ip].emplace_back(namespace_);
  changed(now);
}

void Zone::remove_pod(std::string_view namespace_, const api::Ip& ip, WallTime now) {
  std::unique_lock lock(mutex_);
  const auto found = pods_.find(ip);
  if (found == pods_.end()) return;
  if (const auto one = std::find(found->second.begin(), found->second.end(), namespace_); one != found->second.end()) found->second.erase(one);
  if (found->second.empty()) pods_.erase(found);
  changed(now);
}

Answer Zone::answer(const Question& question) const {
  Asked asked{question.type, question.name, lower(question.name), {}};
  std::shared_lock lock(mutex_);
  const bool ours = is_in_zone(asked.name, options_.domain);
  if (ours && !complete_) {
    asked.answer.from = Answer::From::nobody;
    asked.answer.code = Code::server_failure;
    return std::move(asked.answer);
  }
  if (ours) {
    find(asked);
  } else {
    const auto ip = question.type == Type::ptr ? reverse_address(asked.name) : std::nullopt;
    if (ip) find_reverse(asked, *ip);
    if (asked.answer.answers.empty()) asked.answer.from = Answer::From::elsewhere;
    return std::move(asked.answer);
  }
  if (asked.answer.answers.empty() && !asked.exists) asked.answer.code = Code::name_error;
  const bool only_aliases = asked.answer.answers.empty() || (asked.answer.answers.back().type == Type::cname && asked.type != Type::cname);
  if (only_aliases && !asked.answer.continued_at) add_soa(asked.answer.authority);
  return std::move(asked.answer);
}

// Sets `exists`, and adds what there is. Follows aliases within the zone.
void Zone::find(Asked& asked) const {
  asked.exists = false;
  const std::string name = asked.name;
  if (name == options_.domain) return find_at_apex(asked);
  const std::string_view base = std::string_view(name).substr(0, name.size() - options_.domain.size() - 1);
  if (base == "dns-version") {
    asked.exists = true;
    if (asked.type == Type::txt) asked.add({asked.owner, Type::txt, options_.ttl, {}, std::string(schema_version)});
    return;
  }
  if (base == "dns" || base == "ns.dns") {
    asked.exists = true;
    if (base == "ns.dns")
      for (const auto& [server, ip] : name_servers())
        if (const Record record{asked.owner, asked.type, options_.ttl, ip}; is_type(record, ip)) asked.add(record);
    return;
  }
  Labels labels = split(base, '.');
  const std::string_view kind = labels.back();
  labels.pop_back();
  if (kind != "svc" && kind != "pod") return;
  if (!labels.empty() && !namespaces_.contains(labels.back())) return;
  if (labels.size() < 2) return void(asked.exists = true);
  return kind == "svc" ? find_service(asked, labels) : find_pod(asked, labels);
}

void Zone::find_at_apex(Asked& asked) const {
  asked.exists = true;
  if (asked.type == Type::soa) add_soa(asked.answer.answers);
  if (asked.type == Type::ns) add_name_servers(asked);
}

void Zone::find_service(Asked& asked, const Labels& labels) const {
  const auto found = services_.find(key_of(labels[labels.size() - 1], labels[labels.size() - 2]));
  if (found != services_.end()) tell(asked, *found->second, Labels(labels.begin(), labels.end() - 2));
}

void Zone::find_pod(Asked& asked, const Labels& labels) const {
  const auto ip = labels.size() == 2 ? pod_address(labels[0]) : std::nullopt;
  if (!ip || options_.pods == Pods::disabled) return;
  if (options_.pods == Pods::verified) {
    const auto found = pods_.find(*ip);
    if (found == pods_.end() || std::find(found->second.begin(), found->second.end(), labels[1]) == found->second.end()) return;
  }
  asked.exists = true;
  if (const Record record{asked.owner, asked.type, options_.ttl, *ip}; is_type(record, *ip)) asked.add(record);
}

void Zone::find_reverse(Asked& asked, const api::Ip& ip) const {
  const auto found = reverse_.find(ip);
  if (found == reverse_.end()) return;
  const bool preferred = std::any_of(found->second.begin(), found->second.end(), [](const ReverseName& one) { return one.preferred; });
  for (const ReverseName& one : found->second)
    if (one.preferred == preferred) asked.add({asked.owner, Type::ptr, options_.ttl, {}, one.name});
}

// `labels`: what stands before the Service's name.
void Zone::tell(Asked& asked, const ServiceView& view, const Labels& labels) const {
  if (view.kind == ServiceView::Kind::external) {
    if (labels.empty()) tell_alias(asked, view.external_name);
  } else if (view.kind == ServiceView::Kind::cluster && (labels.empty() || labels.back().front() == '_')) {
    tell_cluster(asked, view, labels);
  } else {
    tell_endpoints(asked, view, labels);
  }
}

void Zone::tell_alias(Asked& asked, const std::string& target) const {
  asked.exists = true;
  if (lower(asked.owner) == target) return;
  asked.add({asked.owner, Type::cname, options_.ttl, {}, target});
  if (asked.type == Type::cname) return;
  if (!is_in_zone(target, options_.domain)) return void(asked.answer.continued_at = target);
  if (++asked.aliases >= max_aliases) return;
  asked.owner = asked.name = target;
  find(asked);
  if (!asked.exists) asked.answer.code = Code::name_error;
}

namespace {

// A record for each name and port, and the addresses of the names beside them.
void tell_places(Answer& answer, const std::string& owner, std::uint32_t ttl, const std::vector<Target>& targets) {
  std::vector<const Target*> places;
  std::set<std::pair<std::string_view, std::uint16_t>> known_places;
  std::set<std::pair<std::string_view, api::IpNumber>> known_addresses;
  for (const Target& one : targets)
    if (known_places.emplace(one.name, one.port).second) places.push_back(&one);
  const auto weight = static_cast<std::uint16_t>(places.empty() ? 0 : std::max<std::size_t>(1, total_weight / places.size()));
  for (const Target* one : places) answer.answers.push_back({owner, Type::srv, ttl, {}, one->name, one->port, weight});
  for (const Target& one : targets)
    if (known_addresses.emplace(one.name, one.ip.number).second) answer.additional.push_back({one.name, one.ip.v6 ? Type::aaaa : Type::a, ttl, one.ip});
}

// The port that `labels` ask for, if they ask for one. False: they ask for something that no port can be.
bool port_of(const std::vector<std::string_view>& labels, PortFilter& filter) {
  if (labels.size() < 2) return true;
  const auto name = without_underscore(labels[0]), protocol = without_underscore(labels[1]);
  if (labels.size() != 2 || !name || !protocol) return false;
  filter = {*name, *protocol, true};
  return true;
}

}  // namespace

void Zone::tell_cluster(Asked& asked, const ServiceView& view, const Labels& labels) const {
  if (labels.size() == 1) return void(asked.exists = has_protocol(view.ports, labels[0].substr(1)));
  PortFilter filter;
  if (!port_of(labels, filter)) return;
  std::vector<Target> targets;
  for (const PortView& port : view.ports) {
    if (!filter.takes(port)) continue;
    asked.exists = true;
    for (const api::Ip& ip : view.ips) targets.push_back({name_of(view), ip, port.port});
  }
  if (asked.type == Type::srv) return tell_places(asked.answer, asked.owner, options_.ttl, targets);
  if (filter.given) return;
  asked.exists = true;
  for (const api::Ip& ip : view.ips)
    if (asked.type == (ip.v6 ? Type::aaaa : Type::a)) add_address(asked.answer.answers, asked.owner, ip);
}

void Zone::tell_endpoints(Asked& asked, const ServiceView& view, const Labels& labels) const {
  PortFilter filter;
  if (!port_of(labels, filter)) return;
  const bool one = labels.size() == 1, protocol = one && labels[0].front() == '_';
  std::vector<Target> targets;
  std::set<api::IpNumber> known;  // a pod stands in several slices where its ports differ from others'
  for (const EndpointGroup& group : view.groups) {
    if (protocol) {
      asked.exists |= has_protocol(group.ports, labels[0].substr(1));
      continue;
    }
    const bool takes = !filter.given || std::any_of(group.ports.begin(), group.ports.end(), [&](const PortView& port) { return filter.takes(port); });
    for (const EndpointView& endpoint : group.endpoints) {
      if (!takes || (one && endpoint.label != labels[0])) continue;
      asked.exists = true;
      if (asked.type == Type::srv) {
        for (const PortView& port : group.ports)
          if (filter.takes(port)) targets.push_back({endpoint.label + "." + name_of(view), endpoint.ip, port.port});
      } else if (!filter.given && asked.type == (endpoint.ip.v6 ? Type::aaaa : Type::a) && known.insert(endpoint.ip.number).second) {
        add_address(asked.answer.answers, asked.owner, endpoint.ip);
      }
    }
  }
  if (asked.type == Type::srv) tell_places(asked.answer, asked.owner, options_.ttl, targets);
}

std::vector<std::pair<std::string, api::Ip>> Zone::name_servers() const {
  std::vector<std::pair<std::string, api::Ip>> servers;
  for (const std::string& key : own_services_) {
    const ServiceView& view = *services_.find(key)->second;
    for (const api::Ip& ip : view.ips) servers.emplace_back(name_of(view), ip);
  }
  if (servers.empty())
    for (const api::Ip& ip : options_.own_ips) servers.emplace_back("ns.dns." + options_.domain, ip);
  return servers;
}

void Zone::add_name_servers(Asked& asked) const {
  for (const auto& [name, ip] : name_servers()) {
    const bool known = std::any_of(asked.answer.answers.begin(), asked.answer.answers.end(), [&name = name](const Record& record) { return record.target == name; });
    if (!known) asked.add({asked.owner, Type::ns, options_.ttl, {}, name});
    add_address(asked.answer.additional, name, ip);
  }
}

void Zone::add_address(std::vector<Record>& section, const std::string& name, const api::Ip& ip) const {
  Record record{name, ip.v6 ? Type::aaaa : Type::a, options_.ttl, ip};
  section.push_back(std::move(record));
}

void Zone::add_soa(std::vector<Record>& section) const {
  Record record{options_.domain, Type::soa, options_.ttl, {}, "ns.dns." + options_.domain};
  record.serial = serial_;
  section.push_back(std::move(record));
}

}  // namespace plumb::dns
