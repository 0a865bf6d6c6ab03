#include "harness/runner/coverage_report.h"

#include <algorithm>
#include <iomanip>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "harness/runner/coverage/upstream_list.h"

namespace plumb::harness {
namespace {

using client::Json;

void line(std::ostream& out, const std::string& what, std::size_t part, std::size_t whole) {
  const double share = whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
  out << "  " << std::left << std::setw(24) << what << std::right << std::setw(4) << part << " of " << std::setw(3) << whole << std::setw(6) << std::fixed
      << std::setprecision(0) << share << " %\n";
}

std::set<std::string> without(const std::set<std::string>& all, const std::set<std::string>& some) {
  std::set<std::string> rest;
  std::set_difference(all.begin(), all.end(), some.begin(), some.end(), std::inserter(rest, rest.end()));
  return rest;
}

void names(std::ostream& out, const std::string& title, const auto& list) {
  out << "\n" << title << "\n";
  for (const std::string& name : list) out << "  " << name << "\n";
}

}  // namespace

std::vector<SigCoverage> behaviour_coverage(const std::vector<NamedTest>& tests) {
  std::set<std::string> claimed;
  for (const NamedTest& test : tests) claimed.insert(test.info.covers.begin(), test.info.covers.end());
  std::map<std::string, SigCoverage> by_sig;
  for (const Behaviour& behaviour : upstream_behaviours()) {
    SigCoverage& sig = by_sig[behaviour.sig];
    sig.sig = behaviour.sig;
    (claimed.contains(behaviour.name) ? sig.covered : sig.uncovered).push_back(behaviour.name);
  }
  std::vector<SigCoverage> out;
  for (auto& [name, sig] : by_sig) out.push_back(std::move(sig));
  return out;
}

EndpointCoverage called_endpoints(const results::Run& run) {
  EndpointCoverage out;
  for (const Endpoint& endpoint : upstream_endpoints()) out.eligible.insert(endpoint.operation);
  for (const results::TestResult& test : run.tests)
    if (test.verdict == results::TestVerdict::passed) out.called.insert(test.calls.begin(), test.calls.end());
  return out;
}

Json to_json(const CoverageReport& report) {
  Json out{{"behaviours", Json::array()}};
  for (const SigCoverage& sig : report.sigs) out["behaviours"].push_back({{"sig", sig.sig}, {"covered", sig.covered}, {"uncovered", sig.uncovered}});
  if (!report.endpoints) return out;
  const EndpointCoverage& endpoints = *report.endpoints;
  out["endpoints"] = {{"eligible", endpoints.eligible}, {"called", endpoints.called}};
  if (endpoints.asserted) out["endpoints"]["asserted"] = *endpoints.asserted;
  return out;
}

std::string describe(const CoverageReport& report, bool uncovered) {
  std::ostringstream out;
  std::size_t covered = 0, all = 0;
  out << "Upstream's behaviours that a test covers:\n";
  for (const SigCoverage& sig : report.sigs) {
    line(out, sig.sig, sig.covered.size(), sig.covered.size() + sig.uncovered.size());
    covered += sig.covered.size();
    all += sig.covered.size() + sig.uncovered.size();
  }
  line(out, "all", covered, all);
  if (report.endpoints) {
    const EndpointCoverage& endpoints = *report.endpoints;
    out << "\nUpstream's eligible endpoints:\n";
    line(out, "called", endpoints.called.size(), endpoints.eligible.size());
    if (endpoints.asserted) line(out, "reached by an assertion", endpoints.asserted->size(), endpoints.eligible.size());
  }
  if (!uncovered) return out.str();
  for (const SigCoverage& sig : report.sigs) names(out, sig.sig + ", not covered:", sig.uncovered);
  if (report.endpoints) {
    names(out, "Endpoints not called:", without(report.endpoints->eligible, report.endpoints->called));
    if (report.endpoints->asserted) names(out, "Endpoints called, their answers not looked at:", without(report.endpoints->called, *report.endpoints->asserted));
  }
  return out.str();
}

}  // namespace plumb::harness
