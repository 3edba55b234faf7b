using Nebula.Rotation.Integration.Tests.Servers;
using Nebula.Rotation.TestServers;

[assembly: AssemblyFixture(typeof(SharedPostgres18))]

namespace Nebula.Rotation.Integration.Tests.Servers;

/// <summary>The same with PostgreSQL 18.</summary>
public sealed class SharedPostgres18() : SharedPostgres(PostgresRelease.V18);
