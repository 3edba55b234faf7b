// Tests of time and load: one after another.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
[assembly: AssemblyFixture(typeof(Nebula.Rotation.Pooling.Tests.Databases.PostgreSqlDatabase))]
[assembly: AssemblyFixture(typeof(Nebula.Rotation.Pooling.Tests.Databases.MariaDbDatabase))]
