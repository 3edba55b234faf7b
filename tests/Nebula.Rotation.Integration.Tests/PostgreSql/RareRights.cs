namespace Nebula.Rotation.Integration.Tests.PostgreSql;

/// <summary>What few logins have, beside the rights of <see cref="CycleTests"/>, whose objects and names it uses.</summary>
internal static class RareRights
{
    public const string Sql =
        """
        GRANT USAGE ON FOREIGN DATA WRAPPER nowhere TO {0} WITH GRANT OPTION;
        GRANT USAGE ON FOREIGN SERVER far TO {0} WITH GRANT OPTION;
        SET ROLE {0};
        GRANT USAGE ON FOREIGN DATA WRAPPER nowhere TO {2};
        GRANT USAGE ON FOREIGN SERVER far TO {2};
        CREATE SERVER "own's ""server" FOREIGN DATA WRAPPER nowhere;
        GRANT USAGE ON FOREIGN SERVER "own's ""server" TO {2};
        RESET ROLE;
        CREATE USER MAPPING FOR {0} SERVER far OPTIONS ("user" 'u', "pass word" E'it''s=a "\\ sécret');
        CREATE USER MAPPING FOR {0} SERVER "own's ""server";
        CREATE USER MAPPING FOR {2} SERVER far OPTIONS ("user" 'other');
        SELECT lo_create(4711);
        SELECT lo_create(4712);
        SELECT lo_create(4713);
        GRANT SELECT, UPDATE ON LARGE OBJECT 4711, 4712 TO {0} WITH GRANT OPTION;
        SET ROLE {0}; GRANT SELECT ON LARGE OBJECT 4711 TO {2}; RESET ROLE;
        ALTER LARGE OBJECT 4713 OWNER TO {0};
        GRANT USAGE ON LANGUAGE plpgsql TO {0} WITH GRANT OPTION;
        SET ROLE {0}; GRANT USAGE ON LANGUAGE plpgsql TO {2}; RESET ROLE;
        CREATE PUBLICATION "Pub 1" FOR TABLE own.t;
        ALTER PUBLICATION "Pub 1" OWNER TO {0};
        ALTER TABLE "S 1".t2 ENABLE ROW LEVEL SECURITY;
        CREATE POLICY "P 1" ON "S 1".t2 TO {2}, {0} USING (a > 0);
        CREATE POLICY p2 ON own.t AS RESTRICTIVE FOR SELECT TO {0} USING (true);

        """;

    public const string Since15 =
        """
        GRANT SET ON PARAMETER "My".cycle TO {0};
        GRANT SET, ALTER SYSTEM ON PARAMETER deadlock_timeout TO {0} WITH GRANT OPTION;
        SET ROLE {0}; GRANT SET ON PARAMETER deadlock_timeout TO {2}; RESET ROLE;
        """;

    public const int Owned = 3;

    public static int Privileges(int version) => version >= 15 ? 10 : 7;

    public static int GrantedPrivileges(int version) => version >= 15 ? 5 : 4;
}
